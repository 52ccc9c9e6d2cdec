/** The rail at the left: where one can go, and at its foot who one is and whether the page is live. */
import { PanelLeftClose, PanelLeftOpen, Search } from "lucide-react";
import { Link, useLocation } from "react-router";

import { setAppearance, useAppearance } from "@/lib/appearance";
import { isMac } from "@/lib/shortcuts";
import { ActivityMenu } from "@/ui/activity-menu";
import { IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Tooltip } from "@/ui/tooltip";

import { LiveMark } from "./live-mark";
import { PersonMenu } from "./person-menu";
import { isInside, type SectionGroup, type SectionItem } from "./sections";
import { TenantMenu } from "./tenant-menu";

export interface Openers {
  palette: () => void;
  shortcuts: () => void;
}

export function Rail({ groups, onOpen }: { groups: SectionGroup[]; onOpen: Openers }) {
  const isCollapsed = useAppearance(({ railCollapsed }) => railCollapsed);
  return (
    <header
      className={cx(
        "flex shrink-0 flex-col border-e border-border bg-canvas p-2",
        isCollapsed ? "w-14 items-center" : "w-55",
      )}
    >
      <div className={cx("flex items-center gap-1 pb-2", isCollapsed && "flex-col")}>
        <TenantMenu isCollapsed={isCollapsed} />
        <IconButton
          size="sm"
          icon={isCollapsed ? PanelLeftOpen : PanelLeftClose}
          label={isCollapsed ? "Widen the navigation" : "Narrow the navigation"}
          onClick={() => setAppearance({ railCollapsed: !isCollapsed })}
        />
      </div>
      <SearchButton isCollapsed={isCollapsed} onClick={onOpen.palette} />
      <nav aria-label="Main" className="w-full flex-1 overflow-y-auto pt-2">
        {groups.map((group) => (
          <section key={group.title ?? ""} aria-label={group.title} className="mb-3">
            {group.title && !isCollapsed && <h2 className="px-2 pb-1 text-xs font-medium text-muted">{group.title}</h2>}
            <ul className="flex flex-col gap-0.5">
              {group.items.map((item) => (
                <li key={item.to}>
                  <Item item={item} isCollapsed={isCollapsed} />
                </li>
              ))}
            </ul>
          </section>
        ))}
      </nav>
      <div className={cx("flex items-center gap-1 border-t border-border pt-2", isCollapsed && "flex-col")}>
        <PersonMenu isCollapsed={isCollapsed} onShortcuts={onOpen.shortcuts} />
        <LiveMark />
        <ActivityMenu />
      </div>
    </header>
  );
}

function Item({ item, isCollapsed }: { item: SectionItem; isCollapsed: boolean }) {
  const { to, label, icon: Icon } = item;
  const isActive = isInside(item, useLocation().pathname);
  const link = (
    <Link
      to={to}
      aria-current={isActive ? "page" : undefined}
      aria-label={isCollapsed ? label : undefined}
      className={cx(
        "flex min-h-8 items-center gap-2.5 rounded-control px-2 text-muted hover:bg-hover hover:text-text",
        isActive && "bg-selected font-medium text-accent-text",
        isCollapsed && "justify-center",
      )}
    >
      <Icon aria-hidden className="size-4 shrink-0" />
      {!isCollapsed && <span className="truncate">{label}</span>}
    </Link>
  );
  return isCollapsed ? <Tooltip text={label}>{link}</Tooltip> : link;
}

function SearchButton({ isCollapsed, onClick }: { isCollapsed: boolean; onClick: () => void }) {
  if (isCollapsed) return <IconButton icon={Search} label="Search and commands" onClick={onClick} />;
  return (
    <button
      type="button"
      onClick={onClick}
      className="flex min-h-8 w-full items-center gap-2 rounded-control border border-border bg-surface px-2 text-muted hover:bg-hover"
    >
      <Search aria-hidden className="size-4" />
      <span className="flex-1 text-start">Search</span>
      <kbd className="font-sans text-xs">{isMac ? "⌘K" : "Ctrl K"}</kbd>
    </button>
  );
}
