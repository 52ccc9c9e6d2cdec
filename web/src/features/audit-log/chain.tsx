/** Whether the log is as it was written: checked on demand, the finding kept until the next check. */
import { useQuery } from "@tanstack/react-query";
import { Shield, ShieldAlert, ShieldCheck } from "lucide-react";
import type { ReactNode } from "react";

import { runActivity, useActivities } from "@/lib/activity";
import { api, call, tenantKey, type Schemas } from "@/lib/api";
import { serverNow } from "@/lib/clock";
import { formatNumber } from "@/lib/format";
import { queryClient } from "@/lib/query-client";
import { Button } from "@/ui/button";
import { Copyable } from "@/ui/code";
import { ProblemAlert } from "@/ui/problem";
import { RelativeTime } from "@/ui/time";

const TITLE = "Check the audit log";

interface Finding {
  verdict: Schemas["Verdict"];
  checkedAt: string;
}

const key = () => tenantKey("audit-log", "finding");

async function check(): Promise<void> {
  await runActivity(TITLE, async (report, signal) => {
    report("Reading every entry…");
    const verdict = await call(api.GET("/audit-log/verify", { signal }));
    queryClient.setQueryData<Finding>(key(), { verdict, checkedAt: serverNow().toISOString() });
    const { broken, verified } = verdict;
    return {
      done: broken ? `Broken at entry ${formatNumber(broken.seq)}.` : `${formatNumber(verified)} entries, unbroken.`,
    };
  });
}

export function ChainState() {
  const { data: finding } = useQuery<Finding>({
    queryKey: key(),
    // Only the check writes it.
    queryFn: () => Promise.reject(new Error("Nothing has been checked.")),
    enabled: false,
    staleTime: Infinity,
  });
  const isChecking = useActivities(({ activities }) =>
    activities.some(({ title, state }) => title === TITLE && state === "running"),
  );
  const failure = useActivities(({ activities }) => activities.find(({ title }) => title === TITLE)?.error);
  const button = (
    <Button size="sm" loading={isChecking} onClick={() => void check()}>
      {finding ? "Check again" : "Check the chain"}
    </Button>
  );
  if (finding?.verdict.broken) return <BrokenChain finding={finding} broken={finding.verdict.broken} button={button} />;
  const Icon = finding ? ShieldCheck : Shield;
  return (
    <div role="group" aria-label="State of the chain" className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <Icon size={18} aria-hidden className={finding ? "text-ok-text" : "text-muted"} />
      <p className="min-w-0 flex-1 basis-56">
        {finding ? (
          <>
            <span className="font-medium text-ok-text">
              {formatNumber(finding.verdict.verified)} entries, unbroken.
            </span>{" "}
            <span className="text-muted">
              Checked <RelativeTime at={finding.checkedAt} />.
            </span>
          </>
        ) : (
          <span className="text-muted">Each entry is chained to the one before, so that a change would show.</span>
        )}
      </p>
      {button}
      {failure !== undefined && (
        <ProblemAlert error={failure} title="The last check could not be made" className="basis-full" />
      )}
    </div>
  );
}

interface BrokenProps {
  finding: Finding;
  broken: Schemas["Broken"];
  button: ReactNode;
}

function BrokenChain({ finding, broken, button }: BrokenProps) {
  const { verified, head } = finding.verdict;
  return (
    <section
      role="group"
      aria-label="State of the chain"
      className="flex flex-wrap items-start gap-3 rounded-card bg-danger-soft p-4 text-danger-text"
    >
      <ShieldAlert size={18} aria-hidden className="mt-0.5 shrink-0" />
      <div className="flex min-w-0 flex-1 basis-64 flex-col gap-1">
        <h2 className="font-semibold">
          The chain is broken at entry {formatNumber(broken.seq)}: {broken.reason}
        </h2>
        <p>
          {verified === 0 ? "No entry before it" : `The ${formatNumber(verified)} entries before it`} can be trusted.
          Checked <RelativeTime at={finding.checkedAt} />.
        </p>
        <p>
          Treat it as an incident: export the log now, ask the operator to keep a copy of the database and of its
          backups, and compare with a head that was noted earlier.
        </p>
        <p className="flex flex-wrap items-center gap-1">
          Last good head: <Copyable text={head} label="last good head" />
        </p>
      </div>
      {button}
    </section>
  );
}
