/** One act on another system with all that is known of it. */
import { Scale } from "lucide-react";
import { useState } from "react";
import { Link, useSearchParams } from "react-router";

import { formatNumber } from "@/lib/format";
import { useCan } from "@/lib/session";
import { effectOf } from "@/lib/work-words";
import { Button } from "@/ui/button";
import { CodeBlock, Copyable } from "@/ui/code";
import { Bdi } from "@/ui/name";
import { DetailList } from "@/ui/page";
import { ErrorState } from "@/ui/problem";
import { Sheet } from "@/ui/sheet";
import { Delayed, SkeletonText } from "@/ui/skeleton";
import { DateTime } from "@/ui/time";

import { STATES, withFilter, type Act } from "./filter";
import { StateMark } from "./marks";
import { useAct, usePerson } from "./queries";
import { SettleDialog } from "./settle-dialog";
import { useIsPast } from "./use-is-past";

interface Props {
  id: string | undefined;
  onClose: () => void;
}

export function ActPanel({ id, onClose }: Props) {
  return (
    <Sheet open={id !== undefined} onOpenChange={(isOpen) => !isOpen && onClose()} title="Outside action">
      {id !== undefined && <Opened key={id} id={id} />}
    </Sheet>
  );
}

function Opened({ id }: { id: string }) {
  const { data, error, refetch } = useAct(id);
  if (data) return <Details act={data} />;
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  return (
    <Delayed>
      <SkeletonText lines={9} />
    </Delayed>
  );
}

function Details({ act }: { act: Act }) {
  const { kind, state, failure, remote } = act;
  // Here and not beside its button, which goes when somebody else settles the act: what was typed stays.
  const [settles, setSettles] = useState(false);
  return (
    <div className="flex flex-col gap-5">
      <div className="flex flex-col gap-1">
        <div className="flex flex-wrap items-center gap-2">
          <h3 className="text-lg font-semibold wrap-anywhere">
            <Bdi>{effectOf(kind)}</Bdi>
          </h3>
          <StateMark state={state} />
        </div>
        <p className="text-muted">{STATES[state].means}</p>
        {failure && !act.settled_by && (
          <p className="wrap-anywhere">
            <Bdi>{failure}</Bdi>
          </p>
        )}
      </div>
      {act.settleable_from && <Settle from={act.settleable_from} onSettle={() => setSettles(true)} />}
      {settles && <SettleDialog act={act} onClose={() => setSettles(false)} />}
      {act.settled_by && <Verdict by={act.settled_by} why={act.settle_reason} />}
      <DetailList
        items={[
          { term: "System", detail: <Bdi className="wrap-anywhere">{remote}</Bdi> },
          { term: "For", detail: <About act={act} /> },
          ...timesOf(act),
          { term: "Attempts", detail: formatNumber(act.attempts) },
          ...(act.settle_tries > 0
            ? [{ term: "Asked about", detail: `${formatNumber(act.settle_tries)} times without an answer` }]
            : []),
          ...(act.cost_micros ? [{ term: "Cost", detail: (act.cost_micros / 1e6).toFixed(6) }] : []),
          { term: "Kind", detail: <span className="font-mono text-dense">{kind}</span> },
          { term: "Sent under", detail: <Copyable text={act.idempotency_key} label="idempotency key" /> },
          { term: "Id", detail: <Copyable text={act.id} label="id" /> },
        ]}
      />
      <section aria-label="Request" className="flex flex-col gap-2">
        <h3 className="font-semibold">What was asked for</h3>
        <CodeBlock text={JSON.stringify(act.request, null, 2)} label="Request" copy />
      </section>
      {hasNames(act.remote_ids) && (
        <section aria-label="Answer" className="flex flex-col gap-2">
          <h3 className="font-semibold">What the other system calls it</h3>
          <CodeBlock text={JSON.stringify(act.remote_ids, null, 2)} label="Names there" copy />
        </section>
      )}
    </div>
  );
}

/** The way to say what became of it; before that is possible, from when on. */
function Settle({ from, onSettle }: { from: string; onSettle: () => void }) {
  const mayManage = useCan("work:manage");
  const isPossible = useIsPast(from);
  if (!mayManage) return null;
  if (!isPossible) {
    return (
      <p className="text-muted">
        It may still be under way. If nobody knows by then, you can say what became of it from <DateTime at={from} />{" "}
        on.
      </p>
    );
  }
  return (
    <div>
      <Button variant="primary" icon={Scale} onClick={onSettle}>
        Settle…
      </Button>
    </div>
  );
}

/** Who said what became of it, and how they know. */
function Verdict({ by, why }: { by: string; why: string | null | undefined }) {
  const { data } = usePerson(by, useCan("users:read"));
  return (
    <section aria-label="How it was settled" className="rounded-card border border-border p-3">
      <p>
        Settled by hand by <Bdi>{data?.name ?? by}</Bdi>.
      </p>
      {why && (
        <p className="wrap-anywhere text-muted">
          <Bdi>{why}</Bdi>
        </p>
      )}
    </section>
  );
}

function timesOf({ planned_at: planned, dispatched_at: sent, ended_at: ended, latency_ms: latency }: Act) {
  const times: [string, string | null | undefined][] = [
    ["Planned", planned],
    ["Sent", sent],
    ["Ended", ended],
  ];
  return [
    ...times.flatMap(([term, at]) => (at ? [{ term, detail: <DateTime at={at} /> }] : [])),
    ...(typeof latency === "number" ? [{ term: "Took", detail: `${formatNumber(latency)} ms` }] : []),
  ];
}

/** What the act was for, and a way to everything else that was done for it. */
function About({ act: { about_kind: kind, about_id: id } }: { act: Act }) {
  const [search] = useSearchParams();
  const to = withFilter(search, { state: undefined, kind: undefined, about_kind: kind, about_id: id });
  return (
    <span className="flex min-w-0 flex-wrap items-baseline gap-x-2">
      <Bdi className="wrap-anywhere">{`${kind.replaceAll("_", " ")} ${id}`}</Bdi>
      <Link
        to={{ search: to.toString() }}
        className="rounded-sm text-dense text-accent-text underline underline-offset-2"
      >
        show all for it
      </Link>
    </span>
  );
}

/** What was settled by hand has no names there. */
const hasNames = (ids: unknown): boolean => typeof ids === "object" && ids !== null && Object.keys(ids).length > 0;
