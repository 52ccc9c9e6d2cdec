/** Who is told of alerts. There are at most twenty targets. */
import { TriangleAlert } from "lucide-react";
import { useState } from "react";

import { useCan } from "@/lib/session";
import { Section } from "@/ui/page";
import { ErrorState, ProblemAlert } from "@/ui/problem";
import { Delayed, SkeletonText } from "@/ui/skeleton";

import { useTargets, type Target } from "./queries";
import { RemoveDialog } from "./remove-dialog";
import { TargetDialog } from "./target-dialog";
import { TargetRow } from "./target-row";

/** A dialog that is open. */
export type Asked = "change" | "remove";

export function TargetsSection() {
  return (
    <Section title="Who is told" description="When an alert begins, and when it is over.">
      <Targets />
    </Section>
  );
}

function Targets() {
  const mayManage = useCan("alerts:manage");
  const { data: targets, error, refetch } = useTargets();
  const [asked, setAsked] = useState<{ what: Asked; target: Target }>();
  const close = () => setAsked(undefined);
  if (!targets) {
    if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
    return (
      <Delayed>
        <SkeletonText lines={3} />
      </Delayed>
    );
  }
  return (
    <>
      {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      {targets.length === 0 ? (
        <NoTargets mayManage={mayManage} />
      ) : (
        <ul aria-label="Targets" className="divide-y divide-border rounded-card border border-border">
          {targets.map((target) => (
            <TargetRow
              key={target.id}
              target={target}
              onAsk={mayManage ? (what) => setAsked({ what, target }) : undefined}
            />
          ))}
        </ul>
      )}
      {asked?.what === "change" && <TargetDialog target={asked.target} onClose={close} />}
      {asked?.what === "remove" && <RemoveDialog target={asked.target} onClose={close} />}
    </>
  );
}

function NoTargets({ mayManage }: { mayManage: boolean }) {
  return (
    <div className="flex items-start gap-2.5 rounded-card bg-warn-soft p-4 text-warn-text">
      <TriangleAlert size={18} aria-hidden className="mt-0.5 shrink-0" />
      <div>
        <p className="font-semibold">Nobody is told</p>
        <p>
          Alerts are only seen here, by whoever looks.{" "}
          {mayManage
            ? "Add a target: PagerDuty, Slack, e-mail or a webhook."
            : "An admin of this workspace can add a target."}
        </p>
      </div>
    </div>
  );
}
