/** How the event engine does: what waits, who works, and what is left alone. */
import { ProblemAlert } from "@/ui/problem";
import { Delayed, Skeleton } from "@/ui/skeleton";
import { TextLink } from "@/ui/text-link";

import { PartRow, Rows, Summary } from "./part-row";
import { useOpenLetters, useWork } from "./queries";
import { workRowsOf, workSummaryOf } from "./work";

export function WorkSection() {
  const { data, error, refetch } = useWork();
  const letters = useOpenLetters();
  return (
    <section aria-label="Work" className="flex max-w-3xl flex-col gap-4">
      {/* What was true at the last look may not be now. */}
      {error ? (
        <ProblemAlert error={error} title="How work is done cannot be asked" onRetry={() => void refetch()} />
      ) : data ? (
        <Work rows={workRowsOf(data, letters)} />
      ) : (
        <Delayed>
          <Skeleton className="h-6 w-56" />
        </Delayed>
      )}
    </section>
  );
}

function Work({ rows }: { rows: ReturnType<typeof workRowsOf> }) {
  return (
    <>
      <Summary summary={workSummaryOf(rows)} />
      <Rows label="Work">
        {rows.map((row) => (
          <PartRow key={row.id} row={row}>
            {row.parts.length > 0 && (
              <ul className="mt-1 list-disc ps-5 text-dense text-muted">
                {row.parts.map((part) => (
                  <li key={part} dir="auto" className="wrap-anywhere">
                    {part}
                  </li>
                ))}
              </ul>
            )}
            {row.link && <TextLink to={row.link.to}>{row.link.label}</TextLink>}
          </PartRow>
        ))}
      </Rows>
    </>
  );
}
