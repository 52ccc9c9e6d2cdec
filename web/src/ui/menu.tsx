/** A list of things to do, opened by a button. */
import type { LucideIcon } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import { onDemand } from "./on-demand";

export interface MenuEntry {
  label: string;
  icon?: LucideIcon | undefined;
  onSelect?: (() => void) | undefined;
  to?: string | undefined;
  href?: string | undefined;
  danger?: boolean | undefined;
  disabled?: boolean | undefined;
  /** A shortcut, or why it is disabled. */
  hint?: string | undefined;
  /** Makes the entry a switch. */
  checked?: boolean | undefined;
  /** A switch leaves the menu open, unless this says otherwise. */
  closes?: boolean | undefined;
}

export type MenuItem = MenuEntry | "separator" | { heading: string };

export interface MenuProps {
  trigger: ReactElement;
  /** The menu's name where the trigger has none of its own. */
  label?: string | undefined;
  items: MenuItem[];
  /** Content above the entries, such as who is logged in. */
  header?: ReactNode;
  align?: "start" | "end" | undefined;
  side?: "top" | "bottom" | "right" | undefined;
}

export const Menu = onDemand<MenuProps & { trigger: ReactElement<object> }>("menu", async () => {
  const { MenuPopup } = await import("./menu-popup");
  return MenuPopup;
});
