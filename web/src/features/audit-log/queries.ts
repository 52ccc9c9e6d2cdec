/** Reading the audit log. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { api, call, tenantKey, usePages } from "@/lib/api";
import { actorOf, entityOf } from "@/lib/audit-words";
import { onLiveEvent } from "@/lib/live";
import { queryClient } from "@/lib/query-client";

import { mayMatch, queryOf, type Filter, type LogEntry } from "./filter";

const PAGE = 100;
/** How many new entries are counted; beyond it the list says "more than". */
export const COUNTED = 100;
/** Events come in bursts, and each count is a request. */
const COUNT_PAUSE_MS = 1500;

const listKey = (filter: Filter) => tenantKey("audit-log", "list", filter);

/** Newest first. Read anew when the page is opened and when the reader asks, never under their eyes. */
export function useEntries(filter: Filter, enabled: boolean) {
  const pages = usePages(
    listKey(filter),
    (cursor, signal) => {
      const page = { limit: PAGE, ...(cursor && { cursor }) };
      return call(api.GET("/audit-log", { params: { query: { ...queryOf(filter), ...page } }, signal }));
    },
    { enabled, refetchOnMount: "always" },
  );
  const key = JSON.stringify(filter);
  // Who comes back begins at the top; all that was scrolled through would be read again otherwise.
  useEffect(() => () => forgetOlder(JSON.parse(key) as Filter), [key]);
  return pages;
}

/** Reads the newest entries; of the older ones that were read so far only the first page is kept. */
export async function readNewest(filter: Filter): Promise<void> {
  forgetOlder(filter);
  await queryClient.invalidateQueries({ queryKey: listKey(filter) });
}

function forgetOlder(filter: Filter): void {
  type Pages = { pages: unknown[]; pageParams: unknown[] };
  queryClient.setQueryData<Pages>(
    listKey(filter),
    (kept) => kept && { pages: kept.pages.slice(0, 1), pageParams: kept.pageParams.slice(0, 1) },
  );
}

/** How many entries of this filter came after the newest one shown. */
export function useNewCount(filter: Filter, newest: number | undefined, enabled: boolean): number {
  const [heard, setHeard] = useState(0);
  const key = JSON.stringify(filter);
  useEffect(() => {
    if (!enabled) return undefined;
    let due: ReturnType<typeof setTimeout> | undefined;
    const wanted = JSON.parse(key) as Filter;
    const stop = onLiveEvent((event) => {
      if (!mayMatch(wanted, event)) return;
      due ??= setTimeout(() => {
        due = undefined;
        setHeard((count) => count + 1);
      }, COUNT_PAUSE_MS);
    });
    return () => {
      stop();
      clearTimeout(due);
    };
  }, [key, enabled]);
  const since = `${newest} ${key}`;
  const { data } = useQuery({
    queryKey: tenantKey("audit-log", "news", since, heard),
    queryFn: async ({ signal }) => {
      const query = { ...queryOf(filter), limit: COUNTED };
      const { items } = await call(api.GET("/audit-log", { params: { query }, signal }));
      return { since, count: items.filter(({ seq }) => seq > (newest ?? 0)).length };
    },
    enabled: enabled && heard > 0 && newest !== undefined,
    placeholderData: (before) => before,
    meta: { keep: false },
    gcTime: 0,
  });
  // A count that belongs to the list of before says nothing about this one.
  return data?.since === since ? data.count : 0;
}

/** One entry, from the list when it is there. */
export function useEntry(seq: number | undefined, rows: LogEntry[]) {
  const shown = rows.find((row) => row.seq === seq);
  const query = useQuery({
    queryKey: tenantKey("audit-log", "entry", seq),
    queryFn: ({ signal }) => call(api.GET("/audit-log/{seq}", { params: { path: { seq: seq ?? 0 } }, signal })),
    enabled: seq !== undefined && !shown,
    // What is in the log never changes.
    staleTime: Infinity,
  });
  return { entry: shown ?? query.data, error: query.error, retry: () => void query.refetch() };
}

/** The actions that there are to filter by. */
export function useActions(enabled: boolean): string[] {
  const { data } = useQuery({
    queryKey: tenantKey("audit-log", "actions"),
    queryFn: ({ signal }) => call(api.GET("/audit-log/actions", { signal })),
    enabled,
  });
  return data ?? [];
}

/** People whose name contains the text, or whose address it is. */
export function usePeople(search: string) {
  return useQuery({
    queryKey: tenantKey("users", "picker", search),
    queryFn: ({ signal }) =>
      call(api.GET("/users", { params: { query: { limit: 20, ...(search && { search }) } }, signal })),
    placeholderData: (before) => before,
    meta: { keep: false },
  });
}

/** What somebody or something is called that a filter names by its id. */
export function useNameOf(id: string | undefined, rows: LogEntry[], mayAsk: boolean): string | undefined {
  const byActor = rows.find((row) => row.actor_id === id);
  const byEntity = rows.find((row) => row.entity_id === id);
  const shown = byActor ? actorOf(byActor).name : byEntity && entityOf(byEntity).name;
  const { data } = useQuery({
    queryKey: tenantKey("users", "name", id),
    queryFn: ({ signal }) => call(api.GET("/users/{id}", { params: { path: { id: id ?? "" } }, signal })),
    enabled: mayAsk && !shown && (id?.startsWith("usr_") ?? false),
    retry: false,
  });
  return shown ?? data?.name ?? id;
}
