/** What the rail, the bottom bar, the settings list and the command palette are made of. */
import type { LucideIcon } from "lucide-react";

import { useSession } from "@/lib/session";

export interface SectionItem {
  to: string;
  label: string;
  icon: LucideIcon;
  /** The permission without which it is not shown. */
  needs?: string;
  /** Its shortcut. */
  keys?: string;
  /** Other words for it, for the palette. */
  keywords?: string;
  /** The beginning of other addresses that belong to it. */
  also?: string;
}

export interface SectionGroup {
  title?: string;
  items: SectionItem[];
}

/** Whether an address lies inside a section. */
export function isInside({ to, also }: SectionItem, pathname: string): boolean {
  if (to === "/") return pathname === to;
  return [to, also].some((start) => start !== undefined && `${pathname}/`.startsWith(`${start}/`));
}

/** What this person may open. */
export function useAllowed(groups: SectionGroup[]): SectionGroup[] {
  const permissions = useSession((session) => session.facts?.permissions) ?? [];
  return groups
    .map((group) => ({ ...group, items: group.items.filter(({ needs }) => !needs || permissions.includes(needs)) }))
    .filter((group) => group.items.length > 0);
}
