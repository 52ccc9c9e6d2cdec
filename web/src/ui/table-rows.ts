/** The virtual rows of a table or a list: only those near the window are in the document. */
import { defaultRangeExtractor, useVirtualizer, type Range, type Virtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";

interface RowsOptions {
  body: RefObject<HTMLElement | null>;
  count: number;
  height: number;
  keyOf: (index: number) => string;
  /** The row with the focus stays in the document, or the focus would be lost when it is scrolled away. */
  active?: number | undefined;
  gap?: number | undefined;
  /** What sticks above the rows and covers them. */
  headerHeight?: number | undefined;
}

interface Rows {
  virtual: Virtualizer<HTMLElement, Element>;
  /** How far below the top of the scrolling region the rows begin. */
  margin: number;
}

const OVERSCAN = 8;

export function useRows({ body, count, height, keyOf, active = -1, gap = 0, headerHeight = 0 }: RowsOptions): Rows {
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

function useRegion(body: RefObject<HTMLElement | null>): { region: HTMLElement | null; margin: number } {
  const [region, setRegion] = useState<HTMLElement | null>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    setRegion(body.current?.closest<HTMLElement>("[data-scroll-region]") ?? document.documentElement);
  }, [body]);
  useLayoutEffect(() => {
    if (!region) return undefined;
    const measure = () => {
      if (!body.current) return;
      const top = body.current.getBoundingClientRect().top - region.getBoundingClientRect().top + region.scrollTop;
      setMargin(Math.round(top));
    };
    measure();
    // Whatever stands above the table may grow or go away.
    const observer = new ResizeObserver(measure);
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
 * for over and over; `stuck` then lets the reader ask.
 */
export function usePaging({ reached, count, end, hasNextPage, isFetching, fetch }: PagingOptions): { stuck: boolean } {
  const [asked, setAsked] = useState<string>();
  const latest = useRef(fetch);
  latest.current = fetch;
  const due = hasNextPage && !isFetching && end !== undefined && reached >= count - EARLY;
  useEffect(() => {
    if (!due || asked === end) return;
    setAsked(end);
    latest.current?.();
  }, [due, asked, end]);
  return { stuck: due && asked === end };
}

/** Rows may become fewer while the virtual list still asks for the old ones. */
export function keyAt<R>(rows: readonly R[], rowKey: (row: R) => string, index: number): string {
  const row = rows[index];
  return row === undefined ? `gone ${index}` : rowKey(row);
}
