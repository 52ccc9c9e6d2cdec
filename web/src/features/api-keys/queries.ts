/** What the page about API keys reads from the server, and what it changes there. Secrets never enter the cache. */
import { useQuery, type InfiniteData } from "@tanstack/react-query";

import { api, call, tenantKey, usePages, type Schemas } from "@/lib/api";
import { queryClient } from "@/lib/query-client";

export type ApiKey = Schemas["ApiKey"];
export type Made = Schemas["ApiKeyMade"];
type Header = { "Idempotency-Key": string };

const ROWS = 100;

export function useApiKeys(prefix: string | undefined, enabled: boolean) {
  return usePages<ApiKey>(
    tenantKey("api-keys", "list", prefix),
    (cursor, signal) => {
      const query = { limit: ROWS, ...(prefix !== undefined && { prefix }), ...(cursor !== undefined && { cursor }) };
      return call(api.GET("/api-keys", { params: { query }, signal }));
    },
    { enabled },
  );
}

export function useApiKeyOfId(id: string) {
  return useQuery({
    queryKey: tenantKey("api-keys", "one", id),
    queryFn: ({ signal }) => call(api.GET("/api-keys/{id}", { params: { path: { id } }, signal })),
    placeholderData: () => listed(id),
  });
}

function listed(id: string): ApiKey | undefined {
  const lists = queryClient.getQueriesData<InfiniteData<{ items: ApiKey[] }>>({
    queryKey: tenantKey("api-keys", "list"),
  });
  return lists
    .flatMap(([, data]) => data?.pages ?? [])
    .flatMap(({ items }) => items)
    .find((key) => key.id === id);
}

/** Who made a key, as far as it was a person who still works here. */
export function useMaker(actor: string, enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("users", "one", actor),
    queryFn: ({ signal }) => call(api.GET("/users/{id}", { params: { path: { id: actor } }, signal })),
    enabled: enabled && actor.startsWith("usr_"),
  });
}

export function usePermissions() {
  return useQuery({
    queryKey: tenantKey("roles"),
    queryFn: ({ signal }) => call(api.GET("/roles", { signal })),
    select: ({ permissions }) => permissions,
    // Part of the program: it changes with an update only.
    staleTime: 3_600_000,
  });
}

export async function makeKey(body: Schemas["NewApiKey"], header: Header): Promise<Made> {
  const made = await call(api.POST("/api-keys", { params: { header }, body }));
  void readAgain();
  return made;
}

export async function rotateKey(id: string, overlapHours: number, header: Header): Promise<Made> {
  const body = { overlap_hours: overlapHours };
  const made = await call(api.POST("/api-keys/{id}/rotate", { params: { path: { id }, header }, body }));
  void readAgain();
  return made;
}

export async function revokeKey(id: string): Promise<void> {
  const revoked = await call(api.DELETE("/api-keys/{id}", { params: { path: { id } } }));
  queryClient.setQueryData(tenantKey("api-keys", "one", id), revoked);
  queryClient.setQueriesData<InfiniteData<{ items: ApiKey[] }>>(
    { queryKey: tenantKey("api-keys", "list") },
    (data) =>
      data && {
        ...data,
        pages: data.pages.map((page) => ({ ...page, items: page.items.map((key) => (key.id === id ? revoked : key)) })),
      },
  );
}

const readAgain = () => queryClient.invalidateQueries({ queryKey: tenantKey("api-keys") });
