/** One conversation in the list. Drawn again only when it itself has changed. */
import { AlarmClock, CircleCheck, Hourglass } from "lucide-react";
import { memo } from "react";
import { Link } from "react-router";

import { serverNow } from "@/lib/clock";
import { Avatar } from "@/ui/avatar";
import { Badge } from "@/ui/badge";
import { cx } from "@/ui/cx";
import { PlatformMark } from "@/ui/platform-mark";
import { RelativeTime, useMinute } from "@/ui/time";

import type { Conversation, Sla } from "./filter";
import { waitingOf } from "./waiting";
import { nameOf, placeOf } from "./words";

export const HEIGHT = 88;

interface Props {
  conversation: Conversation;
  to: string;
  isOpened: boolean;
  /** Of all rows one can be reached with Tab; the arrow keys lead from there to the others. */
  isReachable: boolean;
  assignee: string | undefined;
}

export const ConversationRow = memo(({ conversation, to, isOpened, isReachable, assignee }: Props) => {
  const { unread_count: unread, last_activity_at: at, preview, preview_direction: direction, platform } = conversation;
  const name = nameOf(conversation);
  const isUnread = unread > 0;
  return (
    <Link
      to={to}
      data-opener
      tabIndex={isReachable ? 0 : -1}
      aria-current={isOpened || undefined}
      className={cx(
        "flex h-full gap-2.5 border-b border-border px-3 py-2.5 text-text no-underline hover:bg-hover focus-visible:-outline-offset-2",
        isOpened && "bg-selected hover:bg-selected",
      )}
    >
      <span className="relative h-fit shrink-0">
        <Avatar name={name} size={36} />
        <PlatformMark platform={platform} size={18} className="absolute -end-1 -bottom-1 rounded-full" />
      </span>
      <span className="flex min-w-0 flex-1 flex-col">
        <span className="flex items-baseline gap-2">
          <bdi className={cx("min-w-0 flex-1 truncate text-start", isUnread && "font-semibold")} title={name}>
            {name}
          </bdi>
          <RelativeTime at={at} className="shrink-0 text-xs text-muted" />
        </span>
        <span className="flex items-center gap-2">
          <span className={cx("min-w-0 flex-1 truncate text-dense", isUnread ? "text-text" : "text-muted")}>
            {direction === "out" && "You: "}
            <bdi>{preview || "…"}</bdi>
          </span>
          {isUnread && (
            <span className="grid min-w-5 place-items-center rounded-full bg-accent px-1.5 text-xs font-medium text-on-accent tabular-nums">
              {unread > 99 ? "99+" : unread}
              <span className="sr-only"> unread</span>
            </span>
          )}
        </span>
        <span className="mt-1 flex min-w-0 items-center gap-2 text-xs text-muted">
          <Standing conversation={conversation} />
          <span className="shrink-0">{placeOf(conversation)}</span>
          {assignee && <bdi className="min-w-0 truncate">· {assignee}</bdi>}
        </span>
      </span>
    </Link>
  );
});
ConversationRow.displayName = "ConversationRow";

const TONES = { due_soon: "warn", overdue: "danger" } as const satisfies Record<Sla, string>;

/** What is worth a word: when the answer is due, or why nobody has to look. */
export function Standing({ conversation }: { conversation: Conversation }) {
  useMinute();
  const { status, snoozed_until: until } = conversation;
  if (status === "closed") return <Badge icon={CircleCheck}>Closed</Badge>;
  if (status === "snoozed") {
    return (
      <Badge icon={AlarmClock} tone="info">
        Put off
        {until && (
          <>
            {" "}
            · <RelativeTime at={until} />
          </>
        )}
      </Badge>
    );
  }
  const waiting = waitingOf(conversation, serverNow());
  if (!waiting) return null;
  return (
    <Badge icon={Hourglass} tone={waiting.sla && TONES[waiting.sla]}>
      {waiting.text}
    </Badge>
  );
}
