/** What was said: older messages come in as one scrolls up, new ones never take away the place where one reads. */
import { ArrowDown } from "lucide-react";
import { memo, useEffect, useMemo, useState, type ReactNode } from "react";

import { formatDate } from "@/lib/format";
import { Button } from "@/ui/button";
import { Bdi } from "@/ui/name";
import { ErrorState, ProblemAlert } from "@/ui/problem";
import { Delayed, Skeleton } from "@/ui/skeleton";
import { DateTime } from "@/ui/time";

import type { Conversation } from "./filter";
import { useHeard } from "./heard";
import { MessageBubble } from "./message-bubble";
import { NoteBubble } from "./note-bubble";
import { useOutbox } from "./outbox";
import { pendingIn, withArrived } from "./outbox-rules";
import { PendingBubble } from "./pending-bubble";
import { messagesOf, useNames, useNotes, useThread, type Presence } from "./queries";
import { happenings, newerThan, rowsOf, type Happening, type Row } from "./timeline";
import { useAnchoredScroll } from "./use-anchored-scroll";
import { gapText, nameOf } from "./words";

interface Props {
  conversation: Conversation;
  /** Colleagues who are there, too. */
  others: Presence[];
}

const NOTHING: Happening[] = [];

/** With Tab: what scrolls has to be scrolled with the keyboard, too. */
const REACHABLE = 0;

export function Timeline({ conversation, others }: Props) {
  const { rows, thread } = useRows(conversation);
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = thread;
  const older = () => {
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage();
  };
  const { region, content, isAtBottom, toBottom } = useAnchoredScroll(rows, older);
  const lastKey = rows.at(-1)?.key;
  const [seen, setSeen] = useState(lastKey);
  if (isAtBottom && seen !== lastKey) setSeen(lastKey);
  // What one has sent is what one wants to see.
  const sent = rows.findLast((row) => row.kind === "pending")?.key;
  useEffect(() => {
    if (sent !== undefined) toBottom();
  }, [sent, toBottom]);
  const news = isAtBottom ? 0 : newerThan(rows, seen);
  const messagesByPlatformId = useQuoted(rows);
  if (thread.error && !thread.data) {
    return <ErrorState error={thread.error} onRetry={() => void thread.refetch()} />;
  }
  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <div
        ref={region}
        data-scroll-region
        role="region"
        aria-label="Messages"
        tabIndex={REACHABLE}
        className="min-h-0 flex-1 overflow-x-hidden overflow-y-auto overscroll-contain [overflow-anchor:none] focus-visible:-outline-offset-2"
      >
        <Above thread={thread} />
        <ul ref={content} className="flex flex-col px-3 pb-3 lg:px-4">
          {rows.map((row) => (
            <li key={row.key} data-key={row.key} className="min-w-0">
              <Line row={row} conversation={conversation} quoted={messagesByPlatformId} />
            </li>
          ))}
        </ul>
      </div>
      <Others others={others} />
      {!isAtBottom && (
        <Button
          size="sm"
          icon={ArrowDown}
          className="absolute bottom-2 left-1/2 -translate-x-1/2 shadow-md"
          onClick={toBottom}
        >
          {news > 0 ? `${news} new` : "To the newest"}
        </Button>
      )}
      <Announcement rows={rows} conversation={conversation} />
    </div>
  );
}

function useRows(conversation: Conversation) {
  const { id } = conversation;
  const thread = useThread(id);
  const { data: notes } = useNotes(id);
  const outbox = useOutbox();
  const heard = useHeard(({ of }) => of[id]) ?? NOTHING;
  const { data, hasNextPage } = thread;
  const rows = useMemo(() => {
    if (!data) return [];
    const here = { messages: messagesOf(data), hasOlder: hasNextPage };
    const arrived = withArrived(outbox, here.messages);
    return rowsOf({
      ...here,
      notes: notes ?? [],
      gaps: data.pages[0]?.gaps ?? [],
      events: happenings(conversation, heard, here),
      pending: pendingIn(arrived, id),
      keyOf: (message) => arrived.keys[message.id] ?? message.id,
    });
  }, [data, notes, conversation, heard, outbox, id, hasNextPage]);
  return { rows, thread };
}

/** Above the oldest that is here. */
function Above({ thread }: { thread: ReturnType<typeof useThread> }) {
  const { isPending, isFetchingNextPage, isFetchNextPageError, error, fetchNextPage } = thread;
  return (
    <div className="flex min-h-6 flex-col gap-2 px-3 pt-3 lg:px-4">
      {(isPending || isFetchingNextPage) && (
        <>
          <span role="status" className="sr-only">
            Loading messages
          </span>
          <Delayed>
            <Skeleton className="h-9 w-1/2" />
            <Skeleton className="h-9 w-1/3 self-end" />
          </Delayed>
        </>
      )}
      {isFetchNextPageError && (
        <ProblemAlert
          error={error}
          title="The older messages could not be loaded"
          onRetry={() => void fetchNextPage()}
        />
      )}
    </div>
  );
}

interface LineProps {
  row: Row;
  conversation: Conversation;
  quoted: ReadonlyMap<string, string>;
}

const Line = memo(({ row, conversation, quoted }: LineProps) => {
  switch (row.kind) {
    case "day":
      return <Quiet>{formatDate(row.at)}</Quiet>;
    case "event":
      return (
        <Quiet>
          {row.text} · <DateTime at={row.at} />
        </Quiet>
      );
    case "gap":
      return (
        <p className="my-3 rounded-card border border-dashed border-control px-3 py-2 text-center text-dense text-warn-text">
          <Bdi>{gapText(row.gap)}</Bdi>
        </p>
      );
    case "note":
      return <NoteBubble note={row.note} />;
    case "pending":
      return <PendingBubble pending={row.pending} />;
    default: {
      const { message, begins, ends } = row;
      const quote = message.reply_to_platform_id ? quoted.get(message.reply_to_platform_id) : undefined;
      return <MessageBubble conversation={conversation} message={message} begins={begins} ends={ends} quote={quote} />;
    }
  }
});
Line.displayName = "Line";

function Quiet({ children }: { children: ReactNode }) {
  return <p className="my-3 text-center text-xs text-muted tabular-nums">{children}</p>;
}

/** Texts by the platform's id, for what is answered to. */
function useQuoted(rows: readonly Row[]): ReadonlyMap<string, string> {
  return useMemo(
    () =>
      new Map(
        rows.flatMap((row) =>
          row.kind === "message" && row.message.platform_id && row.message.text
            ? [[row.message.platform_id, row.message.text] as const]
            : [],
        ),
      ),
    [rows],
  );
}

function Others({ others }: { others: Presence[] }) {
  const nameOfUser = useNames();
  const names = (doing: Presence["doing"]) =>
    others.filter((one) => one.doing === doing).map(({ user_id: id }) => nameOfUser(id));
  const [typing, looking] = [names("typing"), names("looking")];
  return (
    <p role="status" className="flex shrink-0 flex-wrap gap-x-3 px-4 text-dense text-muted empty:hidden">
      {typing.length > 0 && (
        <Bdi>
          {typing.join(", ")} {typing.length === 1 ? "is" : "are"} typing…
        </Bdi>
      )}
      {looking.length > 0 && (
        <Bdi>
          {looking.join(", ")} {looking.length === 1 ? "looks" : "look"} at this, too
        </Bdi>
      )}
    </p>
  );
}

/** Tells screen readers what came in while the conversation is open. */
function Announcement({ rows, conversation }: { rows: readonly Row[]; conversation: Conversation }) {
  const newest = rows.findLast((row) => row.kind === "message");
  const [first, setFirst] = useState(newest?.key);
  if (first === undefined && newest) setFirst(newest.key);
  const isNews = newest && newest.key !== first && newest.message.direction === "in";
  return (
    <p role="status" className="sr-only">
      {isNews && `${nameOf(conversation)}: ${newest.message.text || "sent something"}`}
    </p>
  );
}
