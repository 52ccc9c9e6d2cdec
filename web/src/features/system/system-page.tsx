/** One row for each part of the installation: that it works, or what to do. */
import { RotateCw } from "lucide-react";

import { clockSkew } from "@/lib/clock";
import { useOnline } from "@/lib/connection";
import { formatDateTime } from "@/lib/format";
import { useLiveState } from "@/lib/live";
import { useCan } from "@/lib/session";
import { useShortcuts } from "@/lib/shortcuts";
import { Button } from "@/ui/button";
import { Page } from "@/ui/page";
import { NoPermission } from "@/ui/problem";
import { Delayed, Skeleton } from "@/ui/skeleton";

import { PartRow, Rows, Summary } from "./part-row";
import { useHealth, useWork } from "./queries";
import { rowsOf, summaryOf, type Row } from "./rows";
import { WorkSection } from "./work-section";

export function Component() {
  const mayRead = useCan("system:read");
  if (mayRead) return <System />;
  return (
    <Page title="System">
      <NoPermission what="see the health of the system" />
    </Page>
  );
}

function System() {
  const { data, error, isPending, isFetching, dataUpdatedAt, errorUpdatedAt, refetch } = useHealth();
  const live = useLiveState(({ state }) => state);
  const isOnline = useOnline();
  const rows = rowsOf({ health: data, error, live, isOnline, skew: clockSkew() });
  const { refetch: askForWork } = useWork();
  const check = () => void Promise.all([refetch(), askForWork()]);
  useShortcuts("System", [{ keys: "r", does: "Check now", run: check }]);
  const lookedAt = Math.max(dataUpdatedAt, errorUpdatedAt);
  return (
    <Page
      title="System"

      actions={
        <Button icon={RotateCw} loading={isFetching} onClick={check}>
          Check now
        </Button>
      }
    >
      {isPending ? <Loading /> : <Parts rows={rows} lookedAt={lookedAt} />}
      <WorkSection />
    </Page>
  );
}

function Parts({ rows, lookedAt }: { rows: Row[]; lookedAt: number }) {
  const summary = summaryOf(rows);
  return (
    <div className="flex max-w-3xl flex-col gap-4">
      <div className="flex flex-wrap items-center gap-x-3">
        <Summary summary={summary} />
        {lookedAt > 0 && (
          <p className="text-muted tabular-nums">
            Last checked {formatDateTime(new Date(lookedAt))}; again every 15 seconds.
          </p>
        )}
      </div>
      <Rows label="Parts">
        {rows.map((row) => (
          <PartRow key={row.id} row={row} />
        ))}
      </Rows>
    </div>
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
