/** How the installation is. */
import { useQuery } from "@tanstack/react-query";

import { api, call, tenantKey, type Schemas } from "@/lib/api";
import { ProblemError } from "@/lib/problems";
import { reach } from "@/lib/session";

export type Health = Schemas["Health"];
export type Part = Schemas["Part"];

const PAUSE_MS = 15_000;

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
