/** What stands below the last row: more is coming, more can be had, or how many there are. */
import { formatNumber } from "@/lib/format";
import { Button } from "./button";
import { Delayed, Skeleton } from "./skeleton";
import type { DataTableProps } from "./table-props";

interface TableEndProps<R> {
  table: DataTableProps<R>;
  /** Of one row. */
  height: number;
  stuck: boolean;
}

export function TableEnd<R>({ table, height, stuck }: TableEndProps<R>) {
  const { label, rows, total, loading, isFetchingNextPage = false, fetchNextPage } = table;
  return (
    <>
      {loading && rows.length === 0 && <LoadingRows label={label} height={height} />}
      <More
        label={label}
        count={rows.length}
        total={total}
        fetching={isFetchingNextPage}
        stuck={stuck}
        fetch={fetchNextPage}
      />
    </>
  );
}

interface MoreProps {
  label: string;
  count: number;
  total: number | undefined;
  fetching: boolean;
  stuck: boolean;
  fetch: (() => unknown) | undefined;
}

function More({ label, count, total, fetching, stuck, fetch }: MoreProps) {
  return (
    <div className="flex min-h-9 items-center gap-3 px-3 text-dense text-muted">
      <span role="status" className="sr-only">
        {fetching && `Loading more of ${label}`}
      </span>
      {fetching && <Skeleton className="w-40" />}
      {stuck && (
        // The request may just not have begun yet.
        <Delayed ms={800}>
          <Button size="sm" onClick={() => fetch?.()}>
            Load more
          </Button>
        </Delayed>
      )}
      {total !== undefined && count > 0 && (
        <span className="tabular-nums">
          {count < total ? `${formatNumber(count)} of ${formatNumber(total)}` : `${formatNumber(total)} in all`}
        </span>
      )}
    </div>
  );
}

const SKELETONS = 8;

/** Rows of the final height, for when the first page takes longer than a moment. */
function LoadingRows({ label, height }: { label: string; height: number }) {
  return (
    <>
      <span role="status" className="sr-only">
        Loading {label}
      </span>
      <Delayed>
        {Array.from({ length: SKELETONS }, (_, row) => (
          <div key={row} aria-hidden className="flex items-center gap-8 border-b border-border px-3" style={{ height }}>
            <Skeleton className="w-1/3" />
            <Skeleton className="w-1/4" />
            <Skeleton className="w-1/6" />
          </div>
        ))}
      </Delayed>
    </>
  );
}
