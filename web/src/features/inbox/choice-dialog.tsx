/** One of a list, found by typing; the arrow keys lead from the field into the list. */
import { Check, type LucideIcon } from "lucide-react";
import { useRef, useState, type KeyboardEvent, type ReactNode } from "react";

import { cx } from "@/ui/cx";
import { Dialog } from "@/ui/dialog";
import { SearchField } from "@/ui/field-text";

export interface Choice {
  id: string;
  label: string;
  hint?: string | undefined;
  icon?: LucideIcon | undefined;
  isChosen?: boolean | undefined;
  run: () => void;
}

interface Props {
  title: string;
  /** Name of the search field; without it there is none. */
  search?: string;
  choices: readonly Choice[];
  onClose: () => void;
  /** What stands below the list. */
  children?: ReactNode;
}

export function ChoiceDialog({ title, search, choices, onClose, children }: Props) {
  const [text, setText] = useState("");
  const list = useRef<HTMLUListElement>(null);
  const wanted = text.trim().toLowerCase();
  const shown = choices.filter(({ label, hint }) => `${label} ${hint ?? ""}`.toLowerCase().includes(wanted));
  const pick = (choice: Choice) => {
    onClose();
    choice.run();
  };
  const move = (event: KeyboardEvent) => {
    if (event.key === "Enter" && event.target instanceof HTMLInputElement) {
      event.preventDefault();
      const [first] = shown;
      if (first) pick(first);
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const buttons = [...(list.current?.querySelectorAll("button") ?? [])];
    const at = buttons.findIndex((button) => button === document.activeElement);
    const next = buttons[Math.min(buttons.length - 1, Math.max(0, at + (event.key === "ArrowDown" ? 1 : -1)))];
    event.preventDefault();
    next?.focus();
  };
  return (
    <Dialog open size="sm" onOpenChange={(isOpen) => !isOpen && onClose()} title={title}>
      <div role="presentation" className="flex min-h-0 flex-col gap-3" onKeyDown={move}>
        {search && <SearchField label={search} value={text} onChange={setText} />}
        <ul ref={list} aria-label={title} className="-mx-2 flex max-h-80 flex-col overflow-y-auto">
          {shown.map((choice) => (
            <li key={choice.id}>
              <Row choice={choice} onPick={() => pick(choice)} />
            </li>
          ))}
        </ul>
        {shown.length === 0 && <p className="text-muted">Nothing matches “{text.trim()}”.</p>}
      </div>
      {children}
    </Dialog>
  );
}

function Row({ choice: { label, hint, icon: Icon, isChosen }, onPick }: { choice: Choice; onPick: () => void }) {
  return (
    <button
      type="button"
      aria-current={isChosen || undefined}
      onClick={onPick}
      className={cx(
        "flex min-h-9 w-full items-center gap-2.5 rounded-control px-2 py-1 text-start hover:bg-hover focus-visible:-outline-offset-2 pointer-coarse:min-h-11",
        isChosen && "font-medium",
      )}
    >
      {Icon && <Icon size={16} aria-hidden className="shrink-0 text-muted" />}
      <span className="min-w-0 flex-1 truncate" dir="auto">
        {label}
      </span>
      {hint && <span className="shrink-0 text-dense text-muted">{hint}</span>}
      {isChosen && <Check size={16} aria-hidden className="shrink-0" />}
    </button>
  );
}
