/** What the home page shows: first steps, and what happened lately. Live events have both read again; see lib/live.ts. */
import { useQuery } from "@tanstack/react-query";

import { api, call, tenantKey } from "@/lib/api";

const LATELY = 5;

export function useChecklist() {
  return useQuery({
    queryKey: tenantKey("checklist"),
    queryFn: ({ signal }) => call(api.GET("/tenant/checklist", { signal })),
    staleTime: 0,
  });
}

export function useLately(enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("lately"),
    queryFn: ({ signal }) => call(api.GET("/audit-log", { params: { query: { limit: LATELY } }, signal })),
    enabled,
    staleTime: 0,
  });
}
