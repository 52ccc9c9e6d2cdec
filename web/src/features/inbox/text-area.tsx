/**
 * A field for many lines that offers something while one types: behind `/` canned replies, behind `@` colleagues. The arrow
 * keys choose, Enter or Tab takes, Esc closes the list.
 */
import { useId, useRef, useState, type KeyboardEvent, type Ref } from "react";
import { flushSync } from "react-dom";

import { cx } from "@/ui/cx";
import { CONTROL } from "@/ui/field-frame";
import { FLOATING } from "@/ui/floating";

export interface Suggestion {
  id: string;
  label: string;
  hint: string;
}

export interface Offer {
  /** What the list is of. */
  title: string;
  items: readonly Suggestion[];
  /** The text with what was chosen in it, and where the caret goes. */
  take: (item: Suggestion) => Promise<{ text: string; caret: number } | undefined>;
}

interface Props {
  ref: Ref<HTMLTextAreaElement>;
  label: string;
  placeholder: string;
  value: string;
  onChange: (text: string) => void;
  describedBy?: string | undefined;
  isInvalid?: boolean;
  isNote?: boolean;
  /** What is offered where the caret stands. */
  offerAt: (text: string, caret: number) => Offer | undefined;
  onSend: () => void;
  onLeave: () => void;
  /** A picture or other files out of the clipboard. */
  onFiles?: (files: File[]) => void;
}

const SHOWN = 8;

export function TextArea({ ref, value, onChange, offerAt, onSend, onLeave, onFiles, ...props }: Props) {
  const own = useRef<HTMLTextAreaElement | null>(null);
  const id = useId();
  const [caret, setCaret] = useState(0);
  const [isClosed, setClosed] = useState(false);
  const [at, setAt] = useState(0);
  const offer = isClosed ? undefined : offerAt(value, caret);
  const items = offer?.items.slice(0, SHOWN) ?? [];
  const chosen = items[Math.min(at, items.length - 1)];

  const take = async (item: Suggestion) => {
    const taken = await offer?.take(item);
    own.current?.focus();
    if (!taken) return;
    // The caret can only be put into a text that is there.
    flushSync(() => onChange(taken.text));
    own.current?.setSelectionRange(taken.caret, taken.caret);
    setCaret(taken.caret);
    setAt(0);
  };
  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      return onSend();
    }
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      return chosen ? setClosed(true) : onLeave();
    }
    if (!chosen) return undefined;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const by = event.key === "ArrowDown" ? 1 : -1;
      return setAt((Math.min(at, items.length - 1) + by + items.length) % items.length);
    }
    if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey) {
      event.preventDefault();
      void take(chosen);
    }
    return undefined;
  };
  return (
    <div className="relative">
      {chosen && offer && (
        <List id={id} offer={offer} items={items} chosen={chosen} onTake={(item) => void take(item)} />
      )}
      <textarea
        ref={(element) => {
          own.current = element;
          if (typeof ref === "function") ref(element);
          else if (ref) ref.current = element;
        }}
        aria-label={props.label}
        aria-describedby={props.describedBy}
        aria-invalid={props.isInvalid || undefined}
        aria-autocomplete="list"
        aria-haspopup="listbox"
        aria-controls={chosen ? id : undefined}
        aria-activedescendant={chosen ? `${id}-${chosen.id}` : undefined}
        aria-keyshortcuts="Control+Enter Meta+Enter"
        placeholder={props.placeholder}
        value={value}
        dir="auto"
        onChange={(event) => {
          setClosed(false);
          setAt(0);
          setCaret(event.currentTarget.selectionStart);
          onChange(event.currentTarget.value);
        }}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
        onKeyDown={press}
        onPaste={(event) => {
          const files = [...event.clipboardData.files];
          // Programs for tables and texts put a picture of what was copied beside the text.
          if (!onFiles || files.length === 0 || event.clipboardData.types.includes("text/plain")) return;
          event.preventDefault();
          onFiles(files);
        }}
        onBlur={() => setClosed(true)}
        className={cx(
          CONTROL,
          "field-sizing-content max-h-60 min-h-16 resize-none px-3 py-2 focus-visible:outline-offset-0",
          props.isNote && "bg-warn-soft",
        )}
      />
    </div>
  );
}

interface ListProps {
  id: string;
  offer: Offer;
  items: readonly Suggestion[];
  chosen: Suggestion;
  onTake: (item: Suggestion) => void;
}

function List({ id, offer, items, chosen, onTake }: ListProps) {
  return (
    <div
      id={id}
      role="listbox"
      aria-label={offer.title}
      className={cx(FLOATING, "absolute inset-x-0 bottom-full z-20 mb-1 max-h-72 overflow-y-auto p-1")}
    >
      {items.map((item) => (
        // The keyboard stays in the field, which says which one is chosen.
        <div
          key={item.id}
          id={`${id}-${item.id}`}
          role="option"
          aria-selected={item === chosen}
          tabIndex={-1}
          onMouseDown={(event) => {
            // The field keeps the focus.
            event.preventDefault();
            onTake(item);
          }}
          className={cx(
            "flex min-h-8 cursor-pointer items-baseline gap-3 rounded-control px-2 py-1 pointer-coarse:min-h-11",
            item === chosen && "bg-selected",
          )}
        >
          <bdi className="max-w-[50%] shrink-0 truncate font-medium">{item.label}</bdi>
          <bdi className="min-w-0 flex-1 truncate text-dense text-muted">{item.hint}</bdi>
        </div>
      ))}
    </div>
  );
}
