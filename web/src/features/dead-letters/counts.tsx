/** How many open letters there are of each kind, and a way to them. */
import { Link, useSearchParams } from "react-router";

import { formatNumber } from "@/lib/format";
import { jobOf, reasonOf } from "@/lib/work-words";
import { cx } from "@/ui/cx";

import { withFilter, type Count, type Filter } from "./filter";

interface Props {
  counts: readonly Count[];
  filter: Filter;
}

export function Counts({ counts, filter }: Props) {
  const [search] = useSearchParams();
  if (counts.length === 0) return null;
  const most = counts.toSorted((one, other) => other.count - one.count);
  return (
    <ul aria-label="Open dead letters by kind" className="flex flex-wrap gap-2">
      {most.map(({ queue, kind, reason, count }) => {
        const isShown = filter.state === "open" && filter.kind === kind && filter.reason === reason;
        const to = withFilter(search, { state: "open", queue: undefined, kind, reason });
        return (
          <li key={`${queue} ${kind} ${reason}`}>
            <Link
              to={{ search: to.toString() }}
              aria-current={isShown || undefined}
              className={cx(
                "flex min-h-9 max-w-full items-baseline gap-2 rounded-control border border-border px-3 py-1.5 text-dense text-text no-underline hover:bg-hover",
                isShown && "bg-selected hover:bg-selected",
              )}
            >
              <span className="font-semibold tabular-nums">{formatNumber(count)}</span>
              <span className="min-w-0">
                {jobOf(kind)} <span className="text-muted">· {reasonOf(reason)}</span>
              </span>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
