/** What the page about dead letters reads from the server, and what it orders there. */
import { useQuery } from "@tanstack/react-query";

import { api, call, tenantKey, usePages, type Schemas } from "@/lib/api";
import { serverNow } from "@/lib/clock";
import { hasCode } from "@/lib/problems";
import { queryClient } from "@/lib/query-client";

import { queryOf, type Filter, type Letter } from "./filter";

export type Opened = Schemas["Opened"];
export type Selection = Schemas["Selection"];
type Header = { "Idempotency-Key": string };

const ROWS = 100;
/** Letters that one order may name. */
export const IDS_AT_ONCE = 1000;
/** Letters that one order is carried out for. */
export const AT_ONCE = 10_000;

export function useLetters(filter: Filter) {
  return usePages<Letter>(tenantKey("dead-letters", "list", filter), (cursor, signal) => {
    const query = { ...queryOf(filter, serverNow()), limit: ROWS, ...(cursor !== undefined && { cursor }) };
    return call(api.GET("/dead-letters", { params: { query }, signal }));
  });
}

export function useCounts() {
  return useQuery({
    queryKey: tenantKey("dead-letters", "counts"),
    queryFn: ({ signal }) => call(api.GET("/dead-letters/counts", { signal })),
  });
}

export function useLetter(id: string) {
  return useQuery({
    queryKey: tenantKey("dead-letters", "one", id),
    queryFn: ({ signal }) => call(api.GET("/dead-letters/{id}", { params: { path: { id } }, signal })),
    // What customers wrote may stand in it; it is not kept on this device.
    meta: { keep: false },
  });
}

/** Who settled a letter, as far as it was a person who still works here. */
export function usePerson(actor: string, enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("users", "one", actor),
    queryFn: ({ signal }) => call(api.GET("/users/{id}", { params: { path: { id: actor } }, signal })),
    enabled: enabled && actor.startsWith("usr_"),
    retry: false,
  });
}

/** The newest that fit, as many as one order may name: counts know no time, and who orders is told how many it is about. */
export async function idsOf(filter: Filter): Promise<string[]> {
  const ids: string[] = [];
  const wanted = queryOf(filter, serverNow());
  let cursor: string | undefined;
  do {
    const query = { ...wanted, limit: ROWS, ...(cursor !== undefined && { cursor }) };
    const page = await call(api.GET("/dead-letters", { params: { query } }));
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && ids.length < IDS_AT_ONCE);
  return ids.slice(0, IDS_AT_ONCE);
}

export function replay(select: Selection, perSecond: number | undefined, header: Header): Promise<number> {
  const body = { select, ...(perSecond !== undefined && { per_second: perSecond }) };
  return settle(() => call(api.POST("/dead-letters/replay", { params: { header }, body })));
}

export function discard(select: Selection, reason: string, header: Header): Promise<number> {
  const body = { select, reason };
  return settle(() => call(api.POST("/dead-letters/discard", { params: { header }, body })));
}

async function settle(order: () => Promise<{ count: number }>): Promise<number> {
  try {
    const { count } = await order();
    void readAgain();
    return count;
  } catch (error) {
    // Somebody else was first: what is shown is old.
    if (hasCode(error, "already_done")) void readAgain();
    throw error;
  }
}

const readAgain = () => queryClient.invalidateQueries({ queryKey: tenantKey("dead-letters") });
