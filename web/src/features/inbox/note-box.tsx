/** A note for colleagues: it never leaves the workspace. */
import { StickyNote } from "lucide-react";
import { useEffect, useRef, useState } from "react";

import { idempotencyKeys } from "@/lib/idempotency";
import { useUser } from "@/lib/session";
import { Button } from "@/ui/button";
import { Kbd } from "@/ui/kbd";
import { Bdi } from "@/ui/name";
import { ProblemAlert } from "@/ui/problem";

import type { BoxProps } from "./composer";
import { useDraft } from "./drafts";
import { atSign, mentioned } from "./mentions";
import { writeNote } from "./notes";
import { useColleagues, useNames } from "./queries";
import { TextArea, type Offer } from "./text-area";
import { useRecently } from "./use-recently";

const TYPING_MS = 5000;

export function NoteBox({ conversation, field, onTyping, onLeave }: BoxProps) {
  const { id } = conversation;
  const [text, setText] = useDraft(id, "note");
  const [isSaving, setSaving] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const keyOf = useRef(idempotencyKeys());
  const me = useUser().id;
  const colleagues = useColleagues().filter((user) => user.status === "active" && user.id !== me && user.name);
  const nameOfUser = useNames();
  const meant = mentioned(text, colleagues);
  const isTyping = useRecently(text, TYPING_MS);
  useEffect(() => {
    onTyping(isTyping);
    return () => onTyping(false);
  }, [isTyping, onTyping]);
  const offerAt = (written: string, caret: number): Offer | undefined => {
    const sign = atSign(written, caret);
    if (!sign) return undefined;
    const wanted = sign.query.toLowerCase();
    return {
      title: "Colleagues",
      items: colleagues
        .filter(({ name }) =>
          name
            .toLowerCase()
            .split(/\s+/)
            .some((word) => word.startsWith(wanted)),
        )
        .map(({ id, name, email }) => ({ id, label: name, hint: email })),
      take: ({ label }) => {
        const put = `@${label} `;
        const next = written.slice(0, sign.from) + put + written.slice(sign.to);
        return Promise.resolve({ text: next, caret: sign.from + put.length });
      },
    };
  };
  const save = async () => {
    const body = text.trim();
    if (!body || isSaving) return;
    setSaving(true);
    setFailure(undefined);
    try {
      await writeNote(id, body, meant, keyOf.current({ body, meant }));
      keyOf.current = idempotencyKeys();
      setText("");
    } catch (error) {
      setFailure(error);
    } finally {
      setSaving(false);
    }
  };
  return (
    <>
      {failure !== undefined && <ProblemAlert error={failure} />}
      <TextArea
        ref={field}
        label="Note for colleagues"
        placeholder="Write a note; @ names a colleague"
        value={text}
        onChange={setText}
        isNote
        offerAt={offerAt}
        onSend={() => void save()}
        onLeave={onLeave}
      />
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
        <p className="min-w-0 flex-1 text-dense text-muted">
          {meant.length > 0 ? (
            <>
              For <Bdi>{meant.map(nameOfUser).join(", ")}</Bdi>
            </>
          ) : (
            "Only colleagues see it."
          )}
        </p>
        <Button
          variant="primary"
          icon={StickyNote}
          loading={isSaving}
          disabled={!text.trim()}
          onClick={() => void save()}
        >
          Save the note
          <Kbd className="pointer-coarse:hidden [&>span]:border-transparent [&>span]:bg-transparent [&>span]:text-on-accent">
            mod+Enter
          </Kbd>
        </Button>
      </div>
    </>
  );
}
