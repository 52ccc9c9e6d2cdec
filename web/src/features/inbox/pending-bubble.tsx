/** An answer on its way to the server, or one that the server did not take: why, and what can be done with its text. */
import { Clock } from "lucide-react";

import { useOnline } from "@/lib/connection";
import { describe, hasCode } from "@/lib/problems";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";

import { AttachmentView } from "./attachment-view";
import { putFilesBack } from "./attaching";
import { putBack } from "./drafts";
import { drop, giveUp, sendAgain, sendAnyway } from "./outbox";
import type { Pending } from "./outbox-rules";

export function PendingBubble({ pending }: { pending: Pending }) {
  const { text, files, error } = pending;
  const isOnline = useOnline();
  return (
    <article aria-label="Answer" className="mt-3 flex flex-col items-end gap-1">
      {text && (
        <p
          dir="auto"
          className={cx(
            "max-w-[min(36rem,85%)] rounded-card px-3 py-2 whitespace-pre-wrap wrap-anywhere",
            error === undefined ? "bg-selected" : "bg-danger-soft",
          )}
        >
          {text}
        </p>
      )}
      {files.map((file) => (
        <AttachmentView key={file.id} attachment={file} />
      ))}
      {error === undefined ? (
        <footer className="flex items-center gap-1 text-xs text-muted">
          <Clock size={14} aria-hidden />
          {isOnline ? "Sending…" : "Waits for the connection"}
        </footer>
      ) : (
        <Failure pending={pending} />
      )}
    </article>
  );
}

function Failure({ pending }: { pending: Pending }) {
  const { error, key, conversation, text, files } = pending;
  const { title, detail, advice } = describe(error);
  const isClaimed = hasCode(error, "conversation_claimed");
  const edit = () => {
    drop(key);
    if (text) putBack(conversation, text);
    putFilesBack(conversation, files);
  };
  return (
    <div
      role="alert"
      className="flex max-w-[min(36rem,85%)] flex-col items-end gap-1 text-end text-dense text-danger-text"
    >
      <p>
        <span className="font-medium">Not sent: {title}.</span> {detail} {advice}
      </p>
      <div className="flex flex-wrap justify-end gap-1.5 text-text">
        {isClaimed ? (
          <Button size="sm" onClick={() => sendAnyway(pending)}>
            Take over and send
          </Button>
        ) : (
          <Button size="sm" onClick={() => sendAgain(pending)}>
            Try again
          </Button>
        )}
        <Button size="sm" onClick={edit}>
          Edit
        </Button>
        <Button size="sm" variant="ghost" onClick={() => giveUp(pending)}>
          Discard
        </Button>
      </div>
    </div>
  );
}
