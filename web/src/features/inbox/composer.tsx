/** Where one answers, or writes a note for colleagues. What is begun is kept for each conversation. */
import { MessageSquareReply, StickyNote } from "lucide-react";
import { useRef, useState } from "react";
import { flushSync } from "react-dom";

import { useShortcuts } from "@/lib/shortcuts";
import { useCan } from "@/lib/session";
import { cx } from "@/ui/cx";

import type { Mode } from "./drafts";
import type { Conversation } from "./filter";
import { NoteBox } from "./note-box";
import { ReplyBox } from "./reply-box";

export interface BoxProps {
  conversation: Conversation;
  field: React.RefObject<HTMLTextAreaElement | null>;
  onTyping: (isTyping: boolean) => void;
  /** Out of the field, back to what was said. */
  onLeave: () => void;
}

type Props = Omit<BoxProps, "field">;

export function Composer(props: Props) {
  const mayWrite = useCan("conversations:write");
  if (!mayWrite) {
    return (
      <p className="shrink-0 border-t border-border px-4 py-3 text-muted">
        Your role may read conversations and not answer them. An admin of this workspace can change that.
      </p>
    );
  }
  return <Boxes {...props} />;
}

const MODES = [
  { mode: "reply", label: "Reply", icon: MessageSquareReply },
  { mode: "note", label: "Note", icon: StickyNote },
] as const;

function Boxes(props: Props) {
  const [mode, setMode] = useState<Mode>("reply");
  const field = useRef<HTMLTextAreaElement>(null);
  const go = (to: Mode) => {
    // The field of the other mode has to be there before it can get the focus.
    flushSync(() => setMode(to));
    field.current?.focus();
  };
  useShortcuts("Conversation", [
    { keys: "r", does: "Reply", run: () => go("reply") },
    { keys: "n", does: "Write a note", run: () => go("note") },
  ]);
  const Box = mode === "reply" ? ReplyBox : NoteBox;
  return (
    <section
      aria-label="Write"
      className="flex shrink-0 flex-col gap-2 border-t border-border px-3 pt-2 pb-[max(0.5rem,env(safe-area-inset-bottom))] lg:px-4"
    >
      <div role="group" aria-label="What is written" className="flex gap-1">
        {MODES.map(({ mode: one, label, icon: Icon }) => (
          <button
            key={one}
            type="button"
            aria-pressed={one === mode}
            onClick={() => go(one)}
            className={cx(
              "inline-flex min-h-7 items-center gap-1.5 rounded-control px-2 text-dense hover:bg-hover pointer-coarse:min-h-10",
              one === mode ? "bg-selected font-medium text-accent-text" : "text-muted",
            )}
          >
            <Icon size={14} aria-hidden />
            {label}
          </button>
        ))}
      </div>
      <Box {...props} field={field} />
    </section>
  );
}
