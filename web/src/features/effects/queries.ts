/** Reading the ledger of what was done to other systems. */
import { useQuery } from "@tanstack/react-query";

import { api, call, tenantKey, usePages } from "@/lib/api";

import type { Act, Filter } from "./filter";

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
