/** `?`: the shortcuts that work on the page that is open. */
import { isMac, useShortcutGroups } from "@/lib/shortcuts";
import { ShortcutsDialog } from "@/ui/shortcuts-sheet";

export function Shortcuts({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  const groups = useShortcutGroups((state) => state.groups);
  // The page's own first: that is what somebody asks for.
  const shown = groups.toReversed().map(({ title, shortcuts }) => ({
    title,
    shortcuts: shortcuts.map(({ keys, does }) => ({ keys: keysOf(keys), does })),
  }));
  return (
    <ShortcutsDialog open onOpenChange={onOpenChange} groups={shown.filter(({ shortcuts }) => shortcuts.length > 0)} />
  );
}

function keysOf(keys: string): string[] {
  return keys.split(/[ +]/).map((key) => (key === "mod" ? (isMac ? "⌘" : "Ctrl") : key));
}
