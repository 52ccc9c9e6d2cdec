/** Saved views: filters under a name, one's own or everybody's. */
import { Bookmark, BookmarkPlus, Pencil, Trash2, Users } from "lucide-react";
import { useState } from "react";
import { useNavigate } from "react-router";

import { useCan, useUser } from "@/lib/session";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/dialog";
import { Menu, type MenuItem } from "@/ui/menu";
import { toast } from "@/ui/toast";

import { filterOf, isSame, isUsual, searchOf, type Filter } from "./filter";
import { useViews, type SavedView } from "./queries";
import { ViewDialog } from "./view-dialog";
import { removeView, restoreView } from "./view-requests";

type Asked = { what: "new" } | { what: "change" | "remove"; view: SavedView };

export function Views({ filter }: { filter: Filter }) {
  const me = useUser().id;
  const mayWrite = useCan("conversations:write");
  const navigate = useNavigate();
  const { data: views } = useViews();
  const [asked, setAsked] = useState<Asked>();
  const all = views ?? [];
  const current = all.find((view) => isSame(filterOf(searchOf(view.filter, me)), filter));
  const entry = (view: SavedView): MenuItem => ({
    label: view.name,
    icon: view.owner_id ? Bookmark : Users,
    checked: view === current,
    closes: true,
    onSelect: () => void navigate({ pathname: "/inbox", search: searchOf(view.filter, me).toString() }),
  });
  const [own, shared] = [all.filter(({ owner_id: owner }) => owner), all.filter(({ owner_id: owner }) => !owner)];
  const items: MenuItem[] = [
    ...(own.length > 0 ? [{ heading: "Yours" }, ...own.map(entry)] : []),
    ...(shared.length > 0 ? [{ heading: "Everybody’s" }, ...shared.map(entry)] : []),
    ...(all.length === 0 ? [{ heading: "There is no saved view yet" }] : []),
    ...(mayWrite ? does(filter, current, setAsked) : []),
  ];
  return (
    <>
      <Menu
        align="end"
        trigger={
          <Button size="sm" variant="ghost" icon={Bookmark} className="max-w-40">
            <span className="truncate">{current?.name ?? "Saved views"}</span>
          </Button>
        }
        items={items}
      />
      {(asked?.what === "new" || asked?.what === "change") && (
        <ViewDialog
          filter={filter}
          view={asked.what === "change" ? asked.view : undefined}
          onClose={() => setAsked(undefined)}
        />
      )}
      {asked?.what === "remove" && <Remove view={asked.view} onClose={() => setAsked(undefined)} />}
    </>
  );
}

function does(filter: Filter, current: SavedView | undefined, ask: (asked: Asked) => void): MenuItem[] {
  if (current) {
    return [
      "separator",
      { label: `Change “${current.name}”…`, icon: Pencil, onSelect: () => ask({ what: "change", view: current }) },
      {
        label: `Remove “${current.name}”…`,
        icon: Trash2,
        danger: true,
        onSelect: () => ask({ what: "remove", view: current }),
      },
    ];
  }
  return [
    "separator",
    {
      label: "Save this view…",
      icon: BookmarkPlus,
      disabled: isUsual(filter),
      ...(isUsual(filter) && { hint: "Set a filter first" }),
      onSelect: () => ask({ what: "new" }),
    },
  ];
}

function Remove({ view, onClose }: { view: SavedView; onClose: () => void }) {
  return (
    <ConfirmDialog
      open
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={`Remove “${view.name}”?`}
      description={
        view.owner_id
          ? "The view goes, the conversations in it stay."
          : "Everybody in this workspace loses the view; the conversations in it stay."
      }
      confirm="Remove 1 view"
      danger
      onConfirm={async () => {
        await removeView(view.id);
        toast({ title: `“${view.name}” is removed`, tone: "ok", undo: () => restoreView(view) });
      }}
    />
  );
}
