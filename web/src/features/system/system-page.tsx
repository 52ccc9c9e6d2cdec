/** One row for each part of the installation: that it works, or what to do. */
import { CircleAlert, CircleCheck, CircleHelp, RotateCw, type LucideIcon } from "lucide-react";

import { clockSkew } from "@/lib/clock";
import { useOnline } from "@/lib/connection";
import { formatDateTime } from "@/lib/format";
import { useLiveState } from "@/lib/live";
import { useCan } from "@/lib/session";
import { useShortcuts } from "@/lib/shortcuts";
import { Badge, type Tone } from "@/ui/badge";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Page } from "@/ui/page";
import { NoPermission } from "@/ui/problem";
import { Delayed, Skeleton } from "@/ui/skeleton";

import { useHealth } from "./queries";
import { rowsOf, summaryOf, type Row, type State } from "./rows";
import { SystemTabs } from "./system-tabs";

export function Component() {
  const mayRead = useCan("system:read");
  if (mayRead) return <System />;
  return (
    <Page title="System" tabs={<SystemTabs />}>
      <NoPermission what="see the health of the system" />
    </Page>
  );
}

const LOOKS: Record<State, { icon: LucideIcon; tone: Tone; word: string; text: string }> = {
  works: { icon: CircleCheck, tone: "ok", word: "Works", text: "text-ok-text" },
  fails: { icon: CircleAlert, tone: "danger", word: "Needs attention", text: "text-danger-text" },
  unknown: { icon: CircleHelp, tone: "neutral", word: "Unknown", text: "text-muted" },
};

function System() {
  const { data, error, isPending, isFetching, dataUpdatedAt, errorUpdatedAt, refetch } = useHealth();
  const live = useLiveState(({ state }) => state);
  const isOnline = useOnline();
  const rows = rowsOf({ health: data, error, live, isOnline, skew: clockSkew() });
  useShortcuts("System", [{ keys: "r", does: "Check now", run: () => void refetch() }]);
  const lookedAt = Math.max(dataUpdatedAt, errorUpdatedAt);
  return (
    <Page
      title="System"
      tabs={<SystemTabs />}
      actions={
        <Button icon={RotateCw} loading={isFetching} onClick={() => void refetch()}>
          Check now
        </Button>
      }
    >
      {isPending ? <Loading /> : <Parts rows={rows} lookedAt={lookedAt} />}
    </Page>
  );
}

function Parts({ rows, lookedAt }: { rows: Row[]; lookedAt: number }) {
  const summary = summaryOf(rows);
  const { icon: Icon, text } = LOOKS[summary.state];
  return (
    <div className="flex max-w-3xl flex-col gap-4">
      <div className="flex flex-wrap items-center gap-x-3">
        <p role="status" className={cx("flex items-center gap-2 text-lg font-semibold", text)}>
          <Icon size={20} aria-hidden />
          {summary.text}
        </p>
        {lookedAt > 0 && (
          <p className="text-muted tabular-nums">
            Last checked {formatDateTime(new Date(lookedAt))}; again every 15 seconds.
          </p>
        )}
      </div>
      <ul aria-label="Parts" className="divide-y divide-border rounded-card border border-border">
        {rows.map((row) => (
          <PartRow key={row.id} row={row} />
        ))}
      </ul>
    </div>
  );
}

function PartRow({ row: { name, state, detail } }: { row: Row }) {
  const { icon, tone, word } = LOOKS[state];
  return (
    <li className="flex flex-wrap items-start gap-x-4 gap-y-1 px-4 py-3">
      <div className="min-w-0 flex-1 basis-64">
        <h2 dir="auto" className="font-medium wrap-anywhere">
          {name}
        </h2>
        <p dir="auto" className="text-muted wrap-anywhere">
          {detail}
        </p>
      </div>
      <Badge tone={tone} icon={icon}>
        {word}
      </Badge>
    </li>
  );
}

function Loading() {
  return (
    <Delayed>
      <div className="flex max-w-3xl flex-col gap-4" aria-hidden>
        <Skeleton className="h-6 w-56" />
        <div className="divide-y divide-border rounded-card border border-border">
          {[1, 2, 3, 4].map((row) => (
            <div key={row} className="flex flex-col gap-2 px-4 py-3">
              <Skeleton className="w-32" />
              <Skeleton className="w-64" />
            </div>
          ))}
        </div>
      </div>
    </Delayed>
  );
}
