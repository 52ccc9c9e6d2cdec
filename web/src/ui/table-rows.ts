/** The virtual rows of a table or a list: only those near the window are in the document. */
import { defaultRangeExtractor, useVirtualizer, type Range, type Virtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useEffectEvent, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { DataTableProps } from "./table-props";

/** The rows that are to be drawn, and whether the reader has to ask for more of them. */
export function useTableRows<R>(table: DataTableProps<R>, look: Look) {
  const { rows, rowKey, loading = false, hasNextPage = false, isFetchingNextPage = false, fetchNextPage } = table;
  const keyOf = useCallback((index: number) => keyAt(rows, rowKey, index), [rows, rowKey]);
  const { virtual, margin } = useRows({ ...look, count: rows.length, keyOf });
  const items = virtual.getVirtualItems();
  const { stuck } = usePaging({
    reached: items.at(-1)?.index ?? -1,
    count: rows.length,
    end: rows.length > 0 ? keyOf(rows.length - 1) : undefined,
    hasNextPage,
    isFetching: isFetchingNextPage || loading,
    fetch: fetchNextPage,
  });
  /** How many there are in all, as far as anybody knows; -1 when nobody does. */
  const count = hasNextPage ? (table.total ?? -1) : rows.length;
  return { virtual, margin, items, stuck, count };
}

interface Look {
  /** The element that the rows stand in, once it is there. */
  body: HTMLElement | null;
  height: number;
  /** The row with the focus stays in the document, or the focus would be lost when it is scrolled away. */
  active?: number | undefined;
  gap?: number | undefined;
  /** What sticks above the rows and covers them. */
  headerHeight?: number | undefined;
}

interface RowsOptions extends Look {
  count: number;
  keyOf: (index: number) => string;
}

interface Rows {
  virtual: Virtualizer<HTMLElement, Element>;
  /** How far below the top of the scrolling region the rows begin. */
  margin: number;
}

const OVERSCAN = 8;

function useRows({ body, count, height, keyOf, active = -1, gap = 0, headerHeight = 0 }: RowsOptions): Rows {
  const { region, margin } = useRegion(body);
  const rangeExtractor = useCallback(
    (range: Range) => {
      const indexes = defaultRangeExtractor(range);
      if (active < 0 || active >= range.count || indexes.includes(active)) return indexes;
      return [...indexes, active].toSorted((one, other) => one - other);
    },
    [active],
  );
  const virtual = useVirtualizer<HTMLElement, Element>({
    count,
    getScrollElement: () => region,
    estimateSize: () => height,
    getItemKey: keyOf,
    overscan: OVERSCAN,
    gap,
    scrollMargin: margin,
    scrollPaddingStart: headerHeight,
    rangeExtractor,
  });
  useLayoutEffect(() => virtual.measure(), [virtual, height]);
  return { virtual, margin };
}

function useRegion(body: HTMLElement | null): { region: HTMLElement | null; margin: number } {
  const [margin, setMargin] = useState(0);
  const region = useMemo(() => body?.closest<HTMLElement>("[data-scroll-region]") ?? null, [body]);
  useLayoutEffect(() => {
    if (!region || !body) return undefined;
    // Called at once and whenever something that stands above the rows grows or goes away.
    const observer = new ResizeObserver(() => {
      setMargin(Math.round(body.getBoundingClientRect().top - region.getBoundingClientRect().top + region.scrollTop));
    });
    observer.observe(region);
    for (const child of region.children) observer.observe(child);
    return () => observer.disconnect();
  }, [body, region]);
  return { region, margin };
}

interface PagingOptions {
  /** The last row that is in the document. */
  reached: number;
  count: number;
  /** The key of the last row that is loaded. */
  end: string | undefined;
  hasNextPage: boolean;
  isFetching: boolean;
  fetch: (() => unknown) | undefined;
}

const EARLY = 20;

/**
 * Asks for the next page before the end is in sight. It asks once for each end, so that a page that fails is not asked
 * for over and over; `stuck` for more than a moment means that the reader has to ask.
 */
function usePaging({ reached, count, end, hasNextPage, isFetching, fetch }: PagingOptions): { stuck: boolean } {
  const asked = useRef<string>(undefined);
  const ask = useEffectEvent(() => fetch?.());
  const due = hasNextPage && !isFetching && end !== undefined && reached >= count - EARLY;
  useEffect(() => {
    if (!due || asked.current === end) return;
    asked.current = end;
    ask();
  }, [due, end]);
  return { stuck: due };
}

/** Rows may become fewer while the virtual list still asks for the old ones. */
function keyAt<R>(rows: readonly R[], rowKey: (row: R) => string, index: number): string {
  const row = rows[index];
  return row === undefined ? `gone ${index}` : rowKey(row);
}
