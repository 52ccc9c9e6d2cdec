/** One message. What strangers wrote is text and nothing else. */
import { Bot, MousePointerClick, PuzzleIcon, Smartphone } from "lucide-react";

import { useUser } from "@/lib/session";
import { Badge } from "@/ui/badge";
import { cx } from "@/ui/cx";
import { Bdi } from "@/ui/name";
import { RelativeTime } from "@/ui/time";

import { AttachmentView } from "./attachment-view";
import { DeliveryMark } from "./delivery-mark";
import type { Conversation } from "./filter";
import { useNames } from "./queries";
import { nameOf, platformName, type Message } from "./words";

interface Props {
  conversation: Conversation;
  message: Message;
  /** First, and last, of one author's turn. */
  begins: boolean;
  ends: boolean;
  /** The text that it answers to. */
  quote: string | undefined;
}

export function MessageBubble({ conversation, message, begins, ends, quote }: Props) {
  const isOut = message.direction === "out";
  const isGone = Boolean(message.unsent_at);
  return (
    <article
      className={cx("flex flex-col gap-1", isOut ? "items-end" : "items-start", begins ? "mt-3" : "mt-1")}
      aria-label={isOut ? "Answer" : `From ${nameOf(conversation)}`}
    >
      {begins && <Author conversation={conversation} message={message} />}
      {quote && (
        <p className="max-w-[min(32rem,80%)] truncate border-s-2 border-control ps-2 text-dense text-muted">
          <Bdi>{quote}</Bdi>
        </p>
      )}
      <Content message={message} isOut={isOut} isGone={isGone} />
      {message.reactions.length > 0 && <Reactions message={message} />}
      <Foot message={message} ends={ends} isGone={isGone} />
    </article>
  );
}

function Author({ conversation, message }: Pick<Props, "conversation" | "message">) {
  const me = useUser().id;
  const nameOfUser = useNames();
  const { author_kind: kind, author_id: author } = message;
  if (kind === "machine") {
    return (
      <Badge icon={Bot} tone="info">
        Machine
      </Badge>
    );
  }
  if (kind === "platform") {
    return (
      <span className="flex items-center gap-1 text-xs text-muted">
        <Smartphone size={12} aria-hidden />
        Written at {platformName(conversation.platform)}
      </span>
    );
  }
  const name =
    kind === "contact" ? nameOf(conversation) : !author ? "A program" : author === me ? "You" : nameOfUser(author);
  return <Bdi className="max-w-full truncate text-xs text-muted">{name}</Bdi>;
}

function Content({ message, isOut, isGone }: { message: Message; isOut: boolean; isGone: boolean }) {
  const { text, kind, attachments, quick_replies: buttons } = message;
  const look = cx(
    "max-w-[min(36rem,85%)] rounded-card px-3 py-2 whitespace-pre-wrap wrap-anywhere",
    isOut ? "bg-selected" : "bg-sunken",
  );
  if (isGone) {
    return <p className={cx(look, "border border-dashed border-control bg-surface text-muted italic")}>Taken back</p>;
  }
  const isEmpty = !text && attachments.length === 0;
  return (
    <>
      {text && (
        <p className={look} dir="auto">
          {kind === "postback" && (
            <MousePointerClick size={14} aria-label="Pressed a button:" className="me-1.5 inline align-[-2px]" />
          )}
          {text}
        </p>
      )}
      {attachments.map((attachment) => (
        <AttachmentView key={attachment.id} attachment={attachment} />
      ))}
      {isEmpty && (
        <p className={cx(look, "flex items-center gap-2 text-muted")}>
          <PuzzleIcon size={16} aria-hidden className="shrink-0" />
          Something of a kind that we do not know. It is kept as it came.
        </p>
      )}
      {buttons.length > 0 && (
        <ul aria-label="Quick replies" className="flex max-w-[85%] flex-wrap justify-end gap-1">
          {buttons.map((button) => (
            <li key={button} className="rounded-full border border-control px-2.5 py-0.5 text-dense">
              <Bdi>{button}</Bdi>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** Each sign once, with how often it was given. */
function Reactions({ message }: { message: Message }) {
  const counts = new Map<string, number>();
  for (const { emoji } of message.reactions) counts.set(emoji, (counts.get(emoji) ?? 0) + 1);
  return (
    <ul aria-label="Reactions" className="-mt-2 flex flex-wrap gap-1 px-2">
      {[...counts].map(([emoji, count]) => (
        <li key={emoji} className="rounded-full border border-border bg-surface px-1.5 text-dense">
          <Bdi>{emoji}</Bdi>
          {count > 1 && <span className="ms-1 text-xs text-muted tabular-nums">{count}</span>}
        </li>
      ))}
    </ul>
  );
}

/** Worth a line at the end of a turn; and wherever something is to be said of this message alone. */
function Foot({ message, ends, isGone }: { message: Message; ends: boolean; isGone: boolean }) {
  const { state, edited_at: edited } = message;
  const isSpecial = state !== undefined && state !== null && ["refused", "unknown", "failed", "queued"].includes(state);
  if (!ends && !edited && !isSpecial) return null;
  return (
    <footer className="flex max-w-full flex-wrap items-center gap-x-2 text-xs text-muted">
      {edited && !isGone && (
        <span>
          Edited <RelativeTime at={edited} />
        </span>
      )}
      <RelativeTime at={message.provider_at} />
      <DeliveryMark message={message} />
    </footer>
  );
}
