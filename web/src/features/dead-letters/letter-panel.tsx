/** One dead letter with its payload, every attempt, and what became of it. */
import { ChevronDown, ChevronUp, RotateCcw, Trash2 } from "lucide-react";

import { useCan } from "@/lib/session";
import { jobOf, queueOf, reasonOf } from "@/lib/work-words";
import { Button } from "@/ui/button";
import { CodeBlock, Copyable } from "@/ui/code";
import { Bdi } from "@/ui/name";
import { DetailList } from "@/ui/page";
import { ErrorState } from "@/ui/problem";
import { Sheet } from "@/ui/sheet";
import { Delayed, SkeletonText } from "@/ui/skeleton";
import { DateTime, RelativeTime } from "@/ui/time";

import { Attempts } from "./attempts";
import type { Letter } from "./filter";
import { StateMark } from "./marks";
import type { Order } from "./orders";
import { useLetter, usePerson, type Opened } from "./queries";

interface Props {
  id: string | undefined;
  rows: readonly Letter[];
  onOpen: (id: string | undefined) => void;
  onOrder: (order: Order) => void;
}

export function LetterPanel({ id, rows, onOpen, onOrder }: Props) {
  const at = rows.findIndex((row) => row.id === id);
  const [newer, older] = at === -1 ? [] : [rows[at - 1], rows[at + 1]];
  return (
    <Sheet open={id !== undefined} onOpenChange={(isOpen) => !isOpen && onOpen(undefined)} title="Dead letter">
      <div className="flex flex-col gap-5">
        {at !== -1 && (
          <div className="flex gap-2">
            <Button size="sm" icon={ChevronUp} disabled={!newer} onClick={() => onOpen(newer?.id)}>
              Newer
            </Button>
            <Button size="sm" icon={ChevronDown} disabled={!older} onClick={() => onOpen(older?.id)}>
              Older
            </Button>
          </div>
        )}
        {id !== undefined && <Letter key={id} id={id} onOrder={onOrder} />}
      </div>
    </Sheet>
  );
}

function Letter({ id, onOrder }: { id: string; onOrder: (order: Order) => void }) {
  const { data, error, refetch } = useLetter(id);
  if (data) return <Details letter={data} onOrder={onOrder} />;
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  return (
    <Delayed>
      <SkeletonText lines={9} />
    </Delayed>
  );
}

function Details({ letter, onOrder }: { letter: Opened; onOrder: (order: Order) => void }) {
  const mayManage = useCan("work:manage");
  const { id, kind, queue, key, state, reason, died_at: diedAt, enqueued_at: enqueuedAt } = letter;
  const order = { select: { ids: [id] }, count: 1, what: jobOf(kind) };
  return (
    <>
      <div className="flex flex-col gap-1">
        <div className="flex flex-wrap items-center gap-2">
          <h3 className="text-lg font-semibold wrap-anywhere">
            <Bdi>{jobOf(kind)}</Bdi>
          </h3>
          <StateMark state={state} />
        </div>
        <p className="text-muted">
          {reasonOf(reason)}. Given up <RelativeTime at={diedAt} />, <DateTime at={diedAt} />.
        </p>
      </div>
      {state === "open" ? (
        mayManage && (
          <div className="flex flex-wrap gap-2">
            <Button variant="primary" icon={RotateCcw} onClick={() => onOrder({ ...order, does: "replay" })}>
              Replay…
            </Button>
            <Button icon={Trash2} onClick={() => onOrder({ ...order, does: "discard" })}>
              Discard…
            </Button>
          </div>
        )
      ) : (
        <Fate letter={letter} />
      )}
      <Attempts history={letter.history} count={letter.attempts} />
      <section aria-label="Payload" className="flex flex-col gap-2">
        <h3 className="font-semibold">What it was to do</h3>
        <CodeBlock text={JSON.stringify(letter.payload, null, 2)} label="Payload" copy />
      </section>
      <DetailList
        items={[
          { term: "Queue", detail: queueOf(queue) },
          {
            term: "Kind",
            detail: <span className="font-mono text-dense">{`${kind}, version ${letter.version}`}</span>,
          },
          { term: "Key", detail: <Copyable text={key} label="key" /> },
          { term: "Enqueued", detail: <DateTime at={enqueuedAt} /> },
          { term: "Job", detail: <Copyable text={id} label="job id" /> },
        ]}
      />
    </>
  );
}

/** Who did what with it, and when. */
function Fate({ letter }: { letter: Opened }) {
  const { state, settled_at: at, settled_by: by, replayed_as: replayedAs, discard_reason: why } = letter;
  const { data } = usePerson(by ?? "", useCan("users:read"));
  return (
    <section aria-label="What became of it" className="rounded-card border border-border p-3">
      <p>
        {state === "replayed" ? "Replayed" : "Discarded"}
        {by && (
          <>
            {" by "}
            <Bdi>{data?.name ?? by}</Bdi>
          </>
        )}
        {at && (
          <>
            {", "}
            <DateTime at={at} />.
          </>
        )}
      </p>
      {why && (
        <p className="text-muted wrap-anywhere">
          <Bdi>{why}</Bdi>
        </p>
      )}
      {replayedAs && (
        <p className="text-muted">
          The new job is <Copyable text={replayedAs} label="id of the new job" />
        </p>
      )}
    </section>
  );
}
