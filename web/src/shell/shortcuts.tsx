/** `?`: the shortcuts that work on the page that is open. */
import { useShortcutGroups } from "@/lib/shortcuts";
import { ShortcutsDialog } from "@/ui/shortcuts-sheet";

export function Shortcuts({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  const groups = useShortcutGroups((state) => state.groups);
  // The page's own first: that is what somebody asks for. A page and its table may both have some.
  const byTitle = new Map<string, { keys: string[]; does: string }[]>();
  for (const { title, shortcuts } of groups.toReversed()) {
    const shown = shortcuts.map(({ keys, does }) => ({ keys: keys.split(" "), does }));
    byTitle.set(title, [...(byTitle.get(title) ?? []), ...shown]);
  }
  const shown = Array.from(byTitle, ([title, shortcuts]) => ({ title, shortcuts }));
  return <ShortcutsDialog open onOpenChange={onOpenChange} groups={shown} />;
}
