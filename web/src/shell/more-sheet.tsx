/** What the bottom bar's "More" opens: who one is, the other workspaces, and the sections without a place in the bar. */
import { Search } from "lucide-react";

import { useSession, useTenant, useUser } from "@/lib/session";
import { ActivityMenu } from "@/ui/activity-menu";
import { Avatar } from "@/ui/avatar";
import { Button } from "@/ui/button";
import type { MenuItem } from "@/ui/menu";
import { Sheet } from "@/ui/sheet";

import { LiveMark } from "./live-mark";
import { usePersonItems } from "./person-menu";
import type { Openers } from "./rail";
import type { SectionItem } from "./sections";
import { SheetItem } from "./sheet-item";
import { useSwitch } from "./tenant-menu";

interface Props {
  /** Those for which the bar has no room. */
  sections: SectionItem[];
  onOpen: Openers;
  isOpen: boolean;
  setIsOpen: (isOpen: boolean) => void;
}

export function MoreSheet({ sections, onOpen, isOpen, setIsOpen }: Props) {
  const user = useUser();
  const tenant = useTenant();
  const tenants = useSession((session) => session.facts?.tenants) ?? [];
  const { goTo } = useSwitch();
  const { items, dialog } = usePersonItems(onOpen.shortcuts);
  const others = tenants.filter(({ id }) => id !== tenant.id);
  const close = () => setIsOpen(false);
  const entries: MenuItem[] = [
    ...sections.map(({ to, label, icon }) => ({ to, label, icon })),
    ...others.map(({ name, slug }) => ({ label: `Switch to ${name}`, onSelect: () => void goTo(slug) })),
    ...items,
  ];
  return (
    <>
      <Sheet open={isOpen} onOpenChange={setIsOpen} title={tenant.name} side="bottom">
        <div className="flex items-center gap-3 pb-3">
          <Avatar name={user.name} size={32} />
          <div className="min-w-0 flex-1">
            <bdi className="block truncate font-medium">{user.name}</bdi>
            <bdi className="block truncate text-dense text-muted">{user.email}</bdi>
          </div>
          <LiveMark />
          <ActivityMenu />
        </div>
        <Button
          icon={Search}
          className="mb-2 w-full"
          onClick={() => {
            close();
            onOpen.palette();
          }}
        >
          Search and commands
        </Button>
        <ul>
          {entries.map((item) =>
            typeof item === "object" && "label" in item ? (
              <li key={item.label}>
                <SheetItem item={item} onDone={close} />
              </li>
            ) : null,
          )}
        </ul>
      </Sheet>
      {dialog}
    </>
  );
}
