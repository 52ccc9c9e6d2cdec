/** On a phone: at most three sections and "More", within the thumb's reach. */
import { Ellipsis } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Link, useLocation } from "react-router";

import { cx } from "@/ui/cx";

import type { Openers } from "./rail";
import { isInside, type SectionGroup, type SectionItem } from "./sections";

const MoreSheet = lazy(() => import("./more-sheet").then((module) => ({ default: module.MoreSheet })));

const SHOWN = 3;
const CELL = "flex min-h-14 flex-1 flex-col items-center justify-center gap-0.5 text-xs text-muted";

export function BottomBar({ groups, onOpen }: { groups: SectionGroup[]; onOpen: Openers }) {
  const [isOpen, setIsOpen] = useState(false);
  // Stays once it was opened, so that its dialogs outlive it.
  const [wasOpened, setWasOpened] = useState(false);
  const open = () => {
    setWasOpened(true);
    setIsOpen(true);
  };
  const items = groups.flatMap((group) => group.items);
  return (
    <nav aria-label="Main" className="flex border-t border-border bg-canvas pb-[env(safe-area-inset-bottom)]">
      {items.slice(0, SHOWN).map((item) => (
        <Cell key={item.to} item={item} />
      ))}
      <button type="button" aria-haspopup="dialog" className={CELL} onClick={open}>
        <Ellipsis aria-hidden className="size-5" />
        More
      </button>
      <Suspense>
        {wasOpened && <MoreSheet sections={items.slice(SHOWN)} onOpen={onOpen} isOpen={isOpen} setIsOpen={setIsOpen} />}
      </Suspense>
    </nav>
  );
}

function Cell({ item }: { item: SectionItem }) {
  const { to, label, icon: Icon } = item;
  const isActive = isInside(item, useLocation().pathname);
  return (
    <Link
      to={to}
      aria-current={isActive ? "page" : undefined}
      className={cx(CELL, isActive && "font-medium text-accent-text")}
    >
      <Icon aria-hidden className="size-5" />
      {label}
    </Link>
  );
}
