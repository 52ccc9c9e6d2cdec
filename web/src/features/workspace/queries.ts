/** The workspace itself, its security policy, and when answers are due. */
import { useQuery } from "@tanstack/react-query";

import { api, call, tenantKey, type Schemas } from "@/lib/api";
import { queryClient } from "@/lib/query-client";
import { refreshFacts } from "@/lib/session";

export type Workspace = Schemas["Workspace"];
export type Policy = Schemas["Policy"];
export type InboxSettings = Schemas["InboxSettings"];

export function useWorkspace(enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("tenant"),
    queryFn: ({ signal }) => call(api.GET("/tenant", { signal })),
    enabled,
  });
}

export function usePolicy(enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("policy"),
    queryFn: ({ signal }) => call(api.GET("/tenant/policy", { signal })),
    enabled,
  });
}

export function useInboxSettings(enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("inbox-settings"),
    queryFn: ({ signal }) => call(api.GET("/tenant/inbox", { signal })),
    enabled,
  });
}

export async function renameWorkspace(name: string): Promise<Workspace> {
  const workspace = await call(api.PATCH("/tenant", { body: { name } }));
  queryClient.setQueryData(tenantKey("tenant"), workspace);
  // The new name is stored; whether the frame shows it yet is no failure of the change.
  await refreshFacts().catch(() => undefined);
  return workspace;
}

export async function savePolicy(body: Policy): Promise<Policy> {
  const policy = await call(api.PUT("/tenant/policy", { body }));
  queryClient.setQueryData(tenantKey("policy"), policy);
  return policy;
}

export async function saveInboxSettings(body: InboxSettings): Promise<InboxSettings> {
  const settings = await call(api.PUT("/tenant/inbox", { body }));
  queryClient.setQueryData(tenantKey("inbox-settings"), settings);
  return settings;
}

/** As many as one page of the list has at most. */
const LOOKED_AT = 200;

export interface Concerned {
  count: number;
  /** There are more people than were looked at. */
  isLeast: boolean;
}

/** Active people of these roles who had no second factor when they were last here. */
export function useConcerned(roles: readonly string[], enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("users", "without-second-factor", ...roles),
    queryFn: async ({ signal }): Promise<Concerned> => {
      const pages = await Promise.all(
        roles.map((role) => {
          const query = { role: role as Schemas["Role"], status: "active" as const, limit: LOOKED_AT };
          return call(api.GET("/users", { params: { query }, signal }));
        }),
      );
      const people = pages.flatMap(({ items }) => items).filter(({ has_mfa }) => !has_mfa);
      return { count: people.length, isLeast: pages.some(({ next }) => next) };
    },
    enabled: enabled && roles.length > 0,
    meta: { keep: false },
  });
}
