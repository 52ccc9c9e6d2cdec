/** On a phone: at most three sections and "More", within the thumb's reach. */
import { Ellipsis, Search } from "lucide-react";
import { useState } from "react";
import { NavLink } from "react-router";

import { useSession, useTenant, useUser } from "@/lib/session";
import { ActivityMenu } from "@/ui/activity-menu";
import { Avatar } from "@/ui/avatar";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import type { MenuItem } from "@/ui/menu";
import { Sheet } from "@/ui/sheet";

import { LiveMark } from "./live-mark";
import { usePersonItems } from "./person-menu";
import type { Openers } from "./rail";
import type { SectionGroup } from "./sections";
import { SheetItem } from "./sheet-item";
import { useSwitch } from "./tenant-menu";

const SHOWN = 3;
const CELL = "flex min-h-14 flex-1 flex-col items-center justify-center gap-0.5 text-xs text-muted";

export function BottomBar({ groups, onOpen }: { groups: SectionGroup[]; onOpen: Openers }) {
  const [isOpen, setIsOpen] = useState(false);
  const items = groups.flatMap((group) => group.items);
  return (
    <nav aria-label="Main" className="flex border-t border-border bg-canvas pb-[env(safe-area-inset-bottom)]">
      {items.slice(0, SHOWN).map(({ to, label, icon: Icon }) => (
        <NavLink
          key={to}
          to={to}
          end={to === "/"}
          className={({ isActive }) => cx(CELL, isActive && "font-medium text-accent-text")}
        >
          <Icon aria-hidden className="size-5" />
          {label}
        </NavLink>
      ))}
      <button type="button" aria-haspopup="dialog" className={CELL} onClick={() => setIsOpen(true)}>
        <Ellipsis aria-hidden className="size-5" />
        More
      </button>
      <More groups={groups} onOpen={onOpen} isOpen={isOpen} setIsOpen={setIsOpen} />
    </nav>
  );
}

interface MoreProps {
  groups: SectionGroup[];
  onOpen: Openers;
  isOpen: boolean;
  setIsOpen: (isOpen: boolean) => void;
}

function More({ groups, onOpen, isOpen, setIsOpen }: MoreProps) {
  const user = useUser();
  const tenant = useTenant();
  const tenants = useSession((session) => session.facts?.tenants) ?? [];
  const { goTo } = useSwitch();
  const { items, dialog } = usePersonItems(onOpen.shortcuts);
  const rest = groups.flatMap((group) => group.items).slice(SHOWN);
  const others = tenants.filter(({ id }) => id !== tenant.id);
  const close = () => setIsOpen(false);
  const entries: MenuItem[] = [
    ...rest.map(({ to, label, icon }) => ({ to, label, icon })),
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
