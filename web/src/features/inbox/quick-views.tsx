/** The views that everybody has, with how many are in each. */
import { Link } from "react-router";

import type { Schemas } from "@/lib/api";
import { formatNumber } from "@/lib/format";
import { useHasOnlyOwn } from "@/lib/session";
import { cx } from "@/ui/cx";

import { filterOf, isSame, type Filter } from "./filter";

type Counts = Schemas["ConversationCounts"];

interface View {
  label: string;
  search: string;
  count: (counts: Counts) => number;
}

const VIEWS: View[] = [
  { label: "All", search: "", count: ({ open }) => open },
  { label: "Mine", search: "assignee=me", count: ({ mine }) => mine },
  { label: "Nobody’s", search: "assignee=none", count: ({ unassigned }) => unassigned },
  { label: "Put off", search: "status=snoozed", count: ({ snoozed }) => snoozed },
];

/** For whom all are their own: no view by whose they are. */
const OWN_VIEWS = VIEWS.filter(({ search }) => !search.startsWith("assignee="));

/** The server counts no further. */
const MOST = 1000;

const countText = (count: number): string => (count >= MOST ? `${formatNumber(MOST)}+` : formatNumber(count));

export function QuickViews({ filter, counts }: { filter: Filter; counts: Counts | undefined }) {
  const views = useHasOnlyOwn() ? OWN_VIEWS : VIEWS;
  return (
    <nav aria-label="Views" className="-mx-1 flex flex-wrap gap-1">
      {views.map(({ label, search, count }) => {
        const isCurrent = isSame(filterOf(new URLSearchParams(search)), filter);
        return (
          <Link
            key={label}
            to={{ search }}
            aria-current={isCurrent ? "page" : undefined}
            className={cx(
              "inline-flex min-h-7 items-center gap-1.5 rounded-control px-2 text-dense no-underline hover:bg-hover pointer-coarse:min-h-10",
              isCurrent ? "bg-selected font-medium text-accent-text" : "text-muted",
            )}
          >
            {label}
            {counts && <span className="tabular-nums">{countText(count(counts))}</span>}
          </Link>
        );
      })}
    </nav>
  );
}
