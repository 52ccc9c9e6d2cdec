/** What a newcomer does first. Each step ticks itself, by whomever and wherever it is done. */
import { PartyPopper } from "lucide-react";

import { Button, LinkButton } from "@/ui/button";
import { Section } from "@/ui/page";
import { ProblemAlert } from "@/ui/problem";
import { Delayed, Skeleton } from "@/ui/skeleton";
import { Checklist } from "@/ui/steps";

import { stepsOf } from "./first-steps-rules";
import { usePutAway } from "./put-away";
import { useChecklist } from "./queries";

export function FirstSteps() {
  const { data, error, refetch } = useChecklist();
  const [isAway, putAway] = usePutAway();
  const steps = stepsOf(data?.items ?? []);
  const left = steps.filter(({ done }) => !done);
  if (data && (steps.length === 0 || (left.length === 0 && isAway))) return null;
  return (
    <Section
      title="First steps"
      description="What is worth doing before the work begins. Steps tick themselves."
      actions={
        data &&
        left.length === 0 && (
          <Button icon={PartyPopper} onClick={putAway}>
            All done, put this away
          </Button>
        )
      }
    >
      {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loading />}
      {data && (
        <Checklist
          items={steps.map(({ id, title, why, to, action, done }) => ({
            id,
            title,
            text: why,
            done,
            action: (
              <LinkButton to={to} variant={id === left[0]?.id ? "primary" : "secondary"}>
                {action}
              </LinkButton>
            ),
          }))}
        />
      )}
    </Section>
  );
}

function Loading() {
  return (
    <Delayed>
      <div aria-hidden className="divide-y divide-border rounded-card border border-border">
        {[1, 2, 3].map((row) => (
          <div key={row} className="flex items-start gap-3 p-4">
            <Skeleton className="size-6 rounded-full" />
            <div className="flex flex-1 flex-col gap-2">
              <Skeleton className="w-1/3" />
              <Skeleton className="w-2/3" />
            </div>
          </div>
        ))}
      </div>
    </Delayed>
  );
}
