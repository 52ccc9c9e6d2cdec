/** A note for colleagues, among the messages and yet unlike them; whoever wrote it can change and remove it. */
import { Ellipsis, Pencil, StickyNote, Trash2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { useCan, useUser } from "@/lib/session";
import { Button, IconButton } from "@/ui/button";
import { TextField } from "@/ui/field-text";
import { Menu } from "@/ui/menu";
import { Bdi } from "@/ui/name";
import { RelativeTime } from "@/ui/time";
import { toast, toastProblem } from "@/ui/toast";

import { changeNote, removeNote, writeNote } from "./notes";
import { useNames, type Note } from "./queries";

export function NoteBubble({ note }: { note: Note }) {
  const me = useUser().id;
  const mayWrite = useCan("conversations:write");
  const nameOfUser = useNames();
  const [isEditing, setEditing] = useState(false);
  const { author_id: author, author_name: name, body, mentions, created_at: at, edited_at: edited } = note;
  const remove = async () => {
    try {
      await removeNote(note);
      toast({
        title: "The note is removed",
        tone: "ok",
        undo: () => writeNote(note.conversation_id, note.body, note.mentions),
      });
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <article aria-label={`Note of ${name}`} className="mt-3 flex justify-end">
      <div className="flex w-[min(36rem,85%)] flex-col gap-1 rounded-card bg-warn-soft px-3 py-2">
        <div className="flex items-center gap-1.5 text-xs text-warn-text">
          <StickyNote size={14} aria-hidden className="shrink-0" />
          <span className="min-w-0 flex-1 truncate">
            Note of <Bdi>{name}</Bdi> · <RelativeTime at={at} />
            {edited && " · edited"}
          </span>
          {mayWrite && author === me && !isEditing && (
            <Menu
              align="end"
              trigger={<IconButton label="More for this note" icon={Ellipsis} size="sm" />}
              items={[
                { label: "Change", icon: Pencil, onSelect: () => setEditing(true) },
                { label: "Remove", icon: Trash2, danger: true, onSelect: () => void remove() },
              ]}
            />
          )}
        </div>
        {isEditing ? (
          <Editor note={note} onDone={() => setEditing(false)} />
        ) : (
          <p dir="auto" className="whitespace-pre-wrap text-text wrap-anywhere">
            {body}
          </p>
        )}
        {mentions.length > 0 && (
          <p className="text-xs text-warn-text">
            For <Bdi>{mentions.map(nameOfUser).join(", ")}</Bdi>
          </p>
        )}
      </div>
    </article>
  );
}

function Editor({ note, onDone }: { note: Note; onDone: () => void }) {
  const [text, setText] = useState(note.body);
  const [isSaving, setSaving] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  // Whoever chose to change the note wants to write in it.
  useEffect(() => form.current?.querySelector("textarea")?.focus(), []);
  const save = async () => {
    setSaving(true);
    try {
      await changeNote(note, text);
      onDone();
    } catch (error) {
      toastProblem(error);
    } finally {
      setSaving(false);
    }
  };
  return (
    <form
      ref={form}
      className="flex flex-col gap-2 text-text"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) void save();
      }}
    >
      <TextField label="Note" hideLabel multiline rows={2} value={text} onChange={setText} maxLength={10_000} />
      <div className="flex justify-end gap-2">
        <Button size="sm" onClick={onDone}>
          Cancel
        </Button>
        <Button size="sm" type="submit" variant="primary" loading={isSaving}>
          Save
        </Button>
      </div>
    </form>
  );
}
