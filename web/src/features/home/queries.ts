/** What the home page shows: first steps, and what happened lately. */
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";

import { api, call, tenantKey } from "@/lib/api";
import { onLiveEvent } from "@/lib/live";
import { queryClient } from "@/lib/query-client";

const LATELY = 5;
/** Events come in bursts; one look for all of them. */
const PAUSE_MS = 500;

export function useChecklist() {
  return useQuery({
    queryKey: tenantKey("checklist"),
    queryFn: ({ signal }) => call(api.GET("/tenant/checklist", { signal })),
    staleTime: 0,
  });
}

export function useLately(enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("audit-log", "lately"),
    queryFn: ({ signal }) => call(api.GET("/audit-log", { params: { query: { limit: LATELY } }, signal })),
    enabled,
    staleTime: 0,
  });
}

/** Whatever happens may be a step taken, and is the newest thing that happened. */
export function useFollow(): void {
  useEffect(() => {
    let due: ReturnType<typeof setTimeout> | undefined;
    const stop = onLiveEvent(() => {
      due ??= setTimeout(() => {
        due = undefined;
        void queryClient.invalidateQueries({ queryKey: tenantKey("checklist") });
        void queryClient.invalidateQueries({ queryKey: tenantKey("audit-log", "lately") });
      }, PAUSE_MS);
    });
    return () => {
      stop();
      clearTimeout(due);
    };
  }, []);
}
