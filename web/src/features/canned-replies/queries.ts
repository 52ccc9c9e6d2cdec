/** What the page about canned replies reads from the server, and what it changes there. */
import { useQuery, type InfiniteData } from "@tanstack/react-query";

import { api, call, tenantKey, usePages, type Schemas } from "@/lib/api";
import type { IdempotencyHeader as Header } from "@/lib/idempotency";
import { queryClient } from "@/lib/query-client";

export type Reply = Schemas["CannedReply"];
export type Content = Schemas["CannedReplyContent"];
export type Platform = Reply["platforms"][number];
type Page = Schemas["Page_CannedReply"];

const ROWS = 100;

const lists = () => tenantKey("canned-replies", "list");

/** By shortcut; those for a platform and those for all. */
export function useReplies(platform: Platform | undefined) {
  return usePages<Reply>(tenantKey("canned-replies", "list", platform ?? "all"), (cursor, signal) => {
    const query = { ...(platform && { platform }), limit: ROWS, ...(cursor !== undefined && { cursor }) };
    return call(api.GET("/canned-replies", { params: { query }, signal }));
  });
}

export function useReply(id: string) {
  return useQuery({
    queryKey: tenantKey("canned-replies", "one", id),
    queryFn: ({ signal }) => call(api.GET("/canned-replies/{id}", { params: { path: { id } }, signal })),
    placeholderData: () =>
      queryClient
        .getQueriesData<InfiniteData<Page>>({ queryKey: lists() })
        .flatMap(([, data]) => data?.pages ?? [])
        .flatMap(({ items }) => items)
        .find((reply) => reply.id === id),
  });
}

export async function addReply(body: Content, header: Header): Promise<Reply> {
  const reply = await call(api.POST("/canned-replies", { params: { header }, body }));
  void readAgain();
  return reply;
}

export async function changeReply(id: string, body: Content): Promise<Reply> {
  const reply = await call(api.PUT("/canned-replies/{id}", { params: { path: { id } }, body }));
  queryClient.setQueryData(tenantKey("canned-replies", "one", id), reply);
  inLists((items) => items.map((one) => (one.id === id ? reply : one)));
  void readAgain();
  return reply;
}

/** It is gone from the list at once, and back when the server does not agree. */
export async function removeReply(id: string): Promise<void> {
  await queryClient.cancelQueries({ queryKey: lists() });
  inLists((items) => items.filter((one) => one.id !== id));
  try {
    await call(api.DELETE("/canned-replies/{id}", { params: { path: { id } } }));
    queryClient.removeQueries({ queryKey: tenantKey("canned-replies", "one", id) });
  } finally {
    void readAgain();
  }
}

function inLists(change: (items: Reply[]) => Reply[]): void {
  queryClient.setQueriesData<InfiniteData<Page>>(
    { queryKey: lists() },
    (data) => data && { ...data, pages: data.pages.map((page) => ({ ...page, items: change(page.items) })) },
  );
}

const readAgain = () => queryClient.invalidateQueries({ queryKey: tenantKey("canned-replies") });
