/** One alert: what was measured, since when, what to do about it, and who was told. */
import { BellRing } from "lucide-react";

import { hasCode } from "@/lib/problems";
import { useCan } from "@/lib/session";
import { LinkButton } from "@/ui/button";
import { Copyable } from "@/ui/code";
import { Bdi } from "@/ui/name";
import { DetailList } from "@/ui/page";
import { EmptyState, ErrorState, ProblemAlert } from "@/ui/problem";
import { Sheet } from "@/ui/sheet";
import { Delayed, SkeletonText } from "@/ui/skeleton";
import { DateTime } from "@/ui/time";

import { AlertMark, SeverityMark } from "./marks";
import { Notices } from "./notice-list";
import { useAlert, type OpenedAlert } from "./queries";
import { wayOf } from "./ways";
import { figureOf, ruleOf } from "./words";

interface Props {
  id: string | undefined;
  onClose: () => void;
}

export function AlertPanel({ id, onClose }: Props) {
  return (
    <Sheet open={id !== undefined} onOpenChange={(isOpen) => !isOpen && onClose()} title="Alert">
      {id !== undefined && <Opened key={id} id={id} />}
    </Sheet>
  );
}

function Opened({ id }: { id: string }) {
  const { data, error, refetch } = useAlert(id);
  if (hasCode(error, "not_found", "malformed_parameter")) {
    return (
      <EmptyState
        icon={BellRing}
        title="There is no such alert here"
        text="Alerts are kept for 90 days after they are over; or it belongs to another workspace."
      />
    );
  }
  if (data) {
    return (
      <div className="flex flex-col gap-5">
        {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
        <Details alert={data} />
        <Notices notices={data.notices} />
      </div>
    );
  }
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  return (
    <Delayed>
      <SkeletonText lines={9} />
    </Delayed>
  );
}

function Details({ alert }: { alert: OpenedAlert }) {
  const { rule, subject, label, severity, summary, value, threshold, unit } = alert;
  const way = wayOf(alert);
  const mayGo = useCan(way.needs);
  return (
    <>
      <div className="flex flex-col gap-2">
        <div className="flex flex-wrap items-center gap-2">
          <SeverityMark severity={severity} />
          <AlertMark alert={alert} />
        </div>
        <h3 className="text-lg font-semibold wrap-anywhere">
          <Bdi>{summary}</Bdi>
        </h3>
        {mayGo && (
          <div>
            <LinkButton to={way.to}>{way.label}</LinkButton>
          </div>
        )}
      </div>
      <DetailList
        items={[
          { term: "Rule", detail: ruleOf(rule) },
          ...(label || subject ? [{ term: "About", detail: <About alert={alert} /> }] : []),
          { term: "Measured", detail: `${figureOf(value, unit)}; the threshold is ${figureOf(threshold, unit)}` },
          ...timesOf(alert),
          { term: "Id", detail: <Copyable text={alert.id} label="id" className="-ms-1" /> },
        ]}
      />
    </>
  );
}

function About({ alert: { label, subject } }: { alert: OpenedAlert }) {
  return (
    <span className="flex min-w-0 flex-col">
      {label && <Bdi>{label}</Bdi>}
      {subject && subject !== label && <Bdi className="font-mono text-dense text-muted">{subject}</Bdi>}
    </span>
  );
}

function timesOf({
  started_at: began,
  raised_at: raised,
  last_seen_at: seen,
  resolved_at: ended,
}: OpenedAlert): { term: string; detail: React.ReactNode }[] {
  const times: [string, string | null | undefined][] = [
    ["Began", began],
    ["Raised", raised],
    ["Last seen", seen],
    ["Over", ended],
  ];
  return times.flatMap(([term, at]) => (at ? [{ term, detail: <DateTime at={at} /> }] : []));
}
