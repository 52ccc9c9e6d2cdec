/** Go anywhere, do anything: one list of commands, found by typing. */
import { Autocomplete } from "@base-ui/react/autocomplete";
import { Dialog } from "@base-ui/react/dialog";
import { Search, type LucideIcon } from "lucide-react";
import { useMemo, useState } from "react";
import { cx } from "./cx";
import { SCRIM } from "./floating";
import { Kbd } from "./kbd";
import { findCommands, groupCommands } from "./palette-rules";

export interface Command {
  id: string;
  label: string;
  group: string;
  icon?: LucideIcon | undefined;
  keywords?: string | readonly string[] | undefined;
  /** "g u" or "mod+k", as lib/shortcuts writes it. */
  shortcut?: string | undefined;
  run: () => void;
}

interface PaletteDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  commands: readonly Command[];
}

export function PaletteDialog({ open, onOpenChange, commands }: PaletteDialogProps) {
  return (
    <Dialog.Root open={open} onOpenChange={(next) => onOpenChange(next)}>
      <Dialog.Portal>
        <Dialog.Backdrop className={SCRIM} />
        <Dialog.Popup
          aria-label="Command palette"
          className="fixed inset-x-2 top-2 z-30 mx-auto flex max-h-[min(32rem,calc(100dvh-1rem))] max-w-xl flex-col overflow-hidden rounded-card border border-border bg-raised text-text shadow-lg transition-opacity duration-100 data-ending-style:opacity-0 data-starting-style:opacity-0 md:top-[12vh]"
        >
          <Finder commands={commands} close={() => onOpenChange(false)} />
          <Dialog.Close className="sr-only">Close the command palette</Dialog.Close>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const RECENT = "Recent";
const RECENT_SHOWN = 4;

/** Lives only while the palette is open: each time it starts empty. */
function Finder({ commands, close }: { commands: readonly Command[]; close: () => void }) {
  const [query, setQuery] = useState("");
  const [recent] = useState(readRecent);
  const groups = useMemo(() => arrange(commands, query, recent), [commands, query, recent]);
  const run = (command: Command) => {
    writeRecent([command.id, ...recent.filter((id) => id !== command.id)]);
    close();
    command.run();
  };
  return (
    <Autocomplete.Root
      open
      inline
      items={groups}
      filter={null}
      autoHighlight="always"
      keepHighlight
      value={query}
      onValueChange={(text, { reason }) => reason !== "item-press" && setQuery(text)}
      itemToStringValue={(command: Command) => command.label}
    >
      <div className="flex items-center gap-2.5 border-b border-border px-4">
        <Search size={16} aria-hidden className="shrink-0 text-muted" />
        <Autocomplete.Input
          aria-label="Search pages and actions"
          placeholder="Search pages and actions"
          className="h-12 w-full bg-transparent text-lg outline-none"
        />
      </div>
      <Autocomplete.Empty className="p-6 text-center text-muted empty:p-0">
        Nothing matches “{query}”. Try fewer words.
      </Autocomplete.Empty>
      <Autocomplete.List className="min-h-0 flex-1 scroll-py-2 overflow-y-auto overscroll-contain p-2 data-empty:p-0">
        {({ group, items }: Group) => (
          <Autocomplete.Group key={group} items={items} className="not-last:mb-2">
            <Autocomplete.GroupLabel className="px-2 py-1 text-xs font-medium text-muted">
              {group}
            </Autocomplete.GroupLabel>
            <Autocomplete.Collection>
              {(command: Command) => <Row key={command.id} command={command} run={run} />}
            </Autocomplete.Collection>
          </Autocomplete.Group>
        )}
      </Autocomplete.List>
    </Autocomplete.Root>
  );
}

interface Group {
  group: string;
  items: Command[];
}

function arrange(commands: readonly Command[], query: string, recent: readonly string[]): Group[] {
  const found = findCommands(commands, query, recent);
  if (query.trim() !== "") return groupCommands(found);
  const lately = recent.flatMap((id) => commands.find((command) => command.id === id) ?? []).slice(0, RECENT_SHOWN);
  const others = groupCommands(commands.filter((command) => !lately.includes(command)));
  return lately.length > 0 ? [{ group: RECENT, items: lately }, ...others] : others;
}

function Row({ command, run }: { command: Command; run: (command: Command) => void }) {
  const { label, icon: Icon, shortcut } = command;
  return (
    <Autocomplete.Item
      value={command}
      onClick={() => run(command)}
      className={cx(
        "flex min-h-9 cursor-pointer items-center gap-2.5 rounded-control px-2 py-1 outline-none select-none",
        "data-highlighted:bg-selected pointer-coarse:min-h-11",
      )}
    >
      {Icon ? <Icon size={16} aria-hidden className="shrink-0 text-muted" /> : <span className="size-4 shrink-0" />}
      <span className="min-w-0 flex-1 truncate" dir="auto">
        {label}
      </span>
      {shortcut && (
        <span className="flex shrink-0 gap-1 pointer-coarse:hidden">
          {shortcut.split(" ").map((keys) => (
            <Kbd key={keys}>{keys}</Kbd>
          ))}
        </span>
      )}
    </Autocomplete.Item>
  );
}

const KEY = "socialai.palette";
const KEPT = 8;

function readRecent(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

function writeRecent(ids: string[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(ids.slice(0, KEPT)));
  } catch {
    // Storage is full or forbidden: the palette works without a memory.
  }
}
