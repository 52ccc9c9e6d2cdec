/** Reading the ledger of what was done to other systems, and settling what nobody knows the end of. */
import { useQuery } from "@tanstack/react-query";

import { api, call, tenantKey, usePages, type Schemas } from "@/lib/api";
import type { IdempotencyHeader } from "@/lib/idempotency";
import { hasCode } from "@/lib/problems";
import { queryClient } from "@/lib/query-client";

import type { Act, Filter } from "./filter";

export type Finding = Schemas["Found"];

const ROWS = 100;

/** Read anew when the page is opened: events tell only of acts whose outcome was not known. */
export function useActs(filter: Filter) {
  return usePages<Act>(
    tenantKey("effects", "list", filter),
    (cursor, signal) => {
      const query = { ...filter, limit: ROWS, ...(cursor !== undefined && { cursor }) };
      return call(api.GET("/effects", { params: { query }, signal }));
    },
    { refetchOnMount: "always" },
  );
}

export function useAct(id: string) {
  return useQuery({
    queryKey: tenantKey("effects", "one", id),
    queryFn: ({ signal }) => call(api.GET("/effects/{id}", { params: { path: { id } }, signal })),
    // What was written to customers may stand in it; it is not kept on this device.
    meta: { keep: false },
  });
}

/** Who settled an act, as far as it was a person who still works here. */
export function usePerson(actor: string, enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("users", "one", actor),
    queryFn: ({ signal }) => call(api.GET("/users/{id}", { params: { path: { id: actor } }, signal })),
    enabled: enabled && actor.startsWith("usr_"),
    retry: false,
  });
}

export async function settle(id: string, body: Schemas["Settle"], header: IdempotencyHeader): Promise<void> {
  try {
    const act = await call(api.POST("/effects/{id}/settle", { params: { path: { id }, header }, body }));
    queryClient.setQueryData(tenantKey("effects", "one", id), act);
    void readAgain();
  } catch (error) {
    // Somebody else was first, or it was sent once more: what is shown is old.
    if (hasCode(error, "already_done") || hasCode(error, "too_early")) void readAgain();
    throw error;
  }
}

const readAgain = () => queryClient.invalidateQueries({ queryKey: tenantKey("effects") });
