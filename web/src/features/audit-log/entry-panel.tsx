/** One entry with all that is known of it. */
import { ChevronDown, ChevronUp } from "lucide-react";
import { Link, useSearchParams } from "react-router";

import { actorOf, entityOf, tellOf, type Named } from "@/lib/audit-words";
import { describeUserAgent } from "@/lib/browser";
import { formatNumber } from "@/lib/format";
import { Button } from "@/ui/button";
import { Copyable } from "@/ui/code";
import { Difference } from "@/ui/diff";
import { Bdi } from "@/ui/name";
import { DetailList } from "@/ui/page";
import { ErrorState } from "@/ui/problem";
import { Sheet } from "@/ui/sheet";
import { Delayed, SkeletonText } from "@/ui/skeleton";
import { DateTime, RelativeTime } from "@/ui/time";

import { withFilter, type LogEntry } from "./filter";
import { useEntry } from "./queries";

interface Props {
  seq: number | undefined;
  rows: LogEntry[];
  onOpen: (seq: number | undefined) => void;
}

export function EntryPanel({ seq, rows, onOpen }: Props) {
  const { entry, error, retry } = useEntry(seq, rows);
  const at = rows.findIndex((row) => row.seq === seq);
  const [newer, older] = at === -1 ? [] : [rows[at - 1], rows[at + 1]];
  return (
    <Sheet
      open={seq !== undefined}
      onOpenChange={(isOpen) => !isOpen && onOpen(undefined)}
      title={seq === undefined ? "Entry" : `Entry ${formatNumber(seq)}`}
    >
      <div className="flex flex-col gap-5">
        {at !== -1 && (
          <div className="flex gap-2">
            <Button size="sm" icon={ChevronUp} disabled={!newer} onClick={() => onOpen(newer?.seq)}>
              Newer
            </Button>
            <Button size="sm" icon={ChevronDown} disabled={!older} onClick={() => onOpen(older?.seq)}>
              Older
            </Button>
          </div>
        )}
        {entry ? <Details entry={entry} /> : error ? <ErrorState error={error} onRetry={retry} /> : <Loading />}
      </div>
    </Sheet>
  );
}

function Loading() {
  return (
    <Delayed>
      <SkeletonText lines={8} />
    </Delayed>
  );
}

function Details({ entry }: { entry: LogEntry }) {
  const [actor, entity] = [actorOf(entry), entityOf(entry)];
  const { before, after } = (entry.changes ?? {}) as { before?: unknown; after?: unknown };
  return (
    <>
      <div>
        <h3 className="text-lg font-semibold wrap-anywhere">
          <Bdi>{tellOf(entry)}</Bdi>
        </h3>
        <p className="text-muted">
          <DateTime at={entry.at} /> · <RelativeTime at={entry.at} />
        </p>
      </div>
      <DetailList
        items={[
          { term: "Who", detail: <Party named={actor} filter={{ actor: entry.actor_id }} all="all by" /> },
          { term: "On what", detail: <Party named={entity} filter={{ about: entry.entity_id }} all="all about" /> },
          { term: "Action", detail: <span className="font-mono text-dense">{entry.action}</span> },
          { term: "Address", detail: entry.ip ? <Copyable text={entry.ip} label="address" /> : "Not known" },
          {
            term: "Program",
            detail: entry.user_agent ? (
              <span title={entry.user_agent}>{describeUserAgent(entry.user_agent)}</span>
            ) : (
              "Not known"
            ),
          },
        ]}
      />
      <section aria-label="What changed" className="flex flex-col gap-2">
        <h3 className="font-semibold">What changed</h3>
        {entry.changes ? (
          <Difference before={before} after={after} />
        ) : (
          <p className="text-muted">This action has no values before and after.</p>
        )}
      </section>
      <section aria-label="Proof" className="flex flex-col gap-2">
        <h3 className="font-semibold">Proof</h3>
        <DetailList
          items={[
            { term: "Hash", detail: <Copyable text={entry.hash} label="hash" /> },
            ...(entry.request_id
              ? [{ term: "Request", detail: <Copyable text={entry.request_id} label="request id" /> }]
              : []),
            { term: "Actor id", detail: <Copyable text={entry.actor_id || "–"} label="actor id" /> },
            { term: "Subject id", detail: <Copyable text={entry.entity_id} label="subject id" /> },
          ]}
        />
      </section>
    </>
  );
}

interface PartyProps {
  named: Named;
  filter: { actor?: string; about?: string };
  all: string;
}

/** A name, and a way to everything else that it did or that was done to it. */
function Party({ named, filter, all }: PartyProps) {
  const [search] = useSearchParams();
  const id = filter.actor ?? filter.about;
  return (
    <span className="flex min-w-0 flex-wrap items-baseline gap-x-2">
      <span className="min-w-0">
        <Bdi>{named.name}</Bdi> <span className="text-dense text-muted">{named.kind}</span>
      </span>
      {id && (
        <Link
          to={{ search: withFilter(search, filter).toString() }}
          aria-label={`Show ${all} ${named.name}`}
          className="rounded-sm text-dense text-accent-text underline underline-offset-2"
        >
          show {all}
        </Link>
      )}
    </span>
  );
}
