/** How the installation is. */
import { useQuery } from "@tanstack/react-query";

import { api, call, tenantKey, type Schemas } from "@/lib/api";
import { ProblemError } from "@/lib/problems";
import { reach, useCan } from "@/lib/session";

export type Health = Schemas["Health"];
export type Part = Schemas["Part"];

const PAUSE_MS = 15_000;
const WORK_PAUSE_MS = 5000;

/** Looked at again and again while the page is seen. */
export function useHealth() {
  return useQuery({
    queryKey: tenantKey("system", "health"),
    queryFn: ({ signal }) => readHealth(signal),
    staleTime: 0,
    refetchInterval: PAUSE_MS,
    refetchOnWindowFocus: "always",
    // The next look is near, and a server that does not answer is what this page is there to tell.
    retry: false,
  });
}

/** Without its database the server cannot tell who asks; what load balancers are told needs nobody. */
async function readHealth(signal: AbortSignal): Promise<Health> {
  try {
    return await call(api.GET("/system/health", { signal }));
  } catch (error) {
    const isRefused = error instanceof ProblemError && error.problem.status < 500;
    if (isRefused || signal.aborted) throw error;
    const response = await reach(new Request("/ready", { signal }));
    const health: unknown = await response.json().catch(() => undefined);
    if (!isHealth(health)) throw error;
    return health;
  }
}

function isHealth(value: unknown): value is Health {
  return typeof value === "object" && value !== null && "parts" in value && Array.isArray(value.parts);
}

/** Looked at every few seconds while the page is seen. */
export function useWork() {
  return useQuery({
    queryKey: tenantKey("system", "work"),
    queryFn: ({ signal }) => call(api.GET("/system/work", { signal })),
    staleTime: 0,
    refetchInterval: WORK_PAUSE_MS,
    retry: false,
    // Figures of a moment.
    meta: { keep: false },
  });
}

/** How many dead letters wait; nothing for whoever may not know. */
export function useOpenLetters(): number | undefined {
  const mayKnow = useCan("work:read");
  const { data } = useQuery({
    queryKey: tenantKey("dead-letters", "counts"),
    queryFn: ({ signal }) => call(api.GET("/dead-letters/counts", { signal })),
    enabled: mayKnow,
  });
  return data?.reduce((sum, { count }) => sum + count, 0);
}

export function useOutbox(enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("system", "outbox"),
    queryFn: ({ signal }) => call(api.GET("/system/outbox", { signal })),
    enabled,
    staleTime: 0,
    refetchInterval: PAUSE_MS,
    // Links in it let people in; they are not kept on this device.
    meta: { keep: false },
  });
}
