/** What the inbox reads from the server. */
import { useInfiniteQuery, useQuery, type InfiniteData } from "@tanstack/react-query";

import { api, call, tenantKey, usePages, type Schemas } from "@/lib/api";
import { useCan } from "@/lib/session";

import { queryOf, type Conversation, type Filter } from "./filter";
import type { Message } from "./words";

export type Policy = Schemas["ConversationPolicy"];
export type Note = Schemas["ConversationNote"];
export type SavedView = Schemas["SavedView"];
export type CannedReply = Schemas["CannedReply"];
export type Contact = Schemas["Contact"];
export type OpenedContact = Schemas["ContactOpened"];
export type Presence = Schemas["ConversationPresence"];
export type User = Schemas["User"];
export type MessagePage = Schemas["MessagePage"];
export interface ConversationPage {
  items: Conversation[];
  next?: string | null;
}

export const ROWS = 50;
const MESSAGES = 50;

/**
 * The list and the messages are kept under nouns that no event names: they are long, and `live-inbox.ts` lays their newest
 * page over them when something happens.
 */
export const LIST = "inbox";
export const THREAD = "thread";

export const listKey = (filter: Filter) => tenantKey(LIST, "list", queryOf(filter), filter);
export const threadKey = (id: string) => tenantKey(THREAD, id);
export const oneKey = (id: string) => tenantKey("conversations", "one", id);

export function readList(filter: Filter, cursor: string | undefined, signal?: AbortSignal): Promise<ConversationPage> {
  const query = { ...queryOf(filter), limit: ROWS, ...(cursor !== undefined && { cursor }) };
  return call(api.GET("/conversations", { params: { query }, ...(signal && { signal }) }));
}

export function useConversations(filter: Filter) {
  return usePages<Conversation>(listKey(filter), (cursor, signal) => readList(filter, cursor, signal), {
    refetchOnMount: "always",
  });
}

export function useCounts() {
  return useQuery({
    queryKey: tenantKey("conversations", "counts"),
    queryFn: ({ signal }) => call(api.GET("/conversations/counts", { signal })),
  });
}

export function useConversation(id: string, listed: Conversation | undefined) {
  return useQuery({
    queryKey: oneKey(id),
    queryFn: ({ signal }) => call(api.GET("/conversations/{id}", { params: { path: { id } }, signal })),
    // What the list showed is shown at once.
    placeholderData: () => listed,
  });
}

export function readMessages(id: string, cursor: string | undefined, signal?: AbortSignal): Promise<MessagePage> {
  const query = { limit: MESSAGES, ...(cursor !== undefined && { cursor }) };
  return call(api.GET("/conversations/{id}/messages", { params: { path: { id }, query }, ...(signal && { signal }) }));
}

/** Newest first, page by page back in time. */
export function useThread(id: string) {
  return useInfiniteQuery({
    queryKey: threadKey(id),
    queryFn: ({ pageParam, signal }) => readMessages(id, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    // Whoever comes back to it does not wait for all pages that were scrolled through; see live-inbox.ts.
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export type Thread = InfiniteData<MessagePage>;
export const messagesOf = (thread: Thread): Message[] => thread.pages.flatMap(({ items }) => items);

export function useNotes(id: string) {
  return useQuery({
    queryKey: tenantKey("conversations", "notes", id),
    queryFn: ({ signal }) =>
      call(api.GET("/conversations/{id}/notes", { params: { path: { id }, query: { limit: 200 } }, signal })),
    select: ({ items }) => items,
  });
}

/** With the text of the moment the server asks again; this is for limits, reasons and the countdown. */
export function usePolicy(id: string) {
  return useQuery({
    queryKey: tenantKey("conversations", "policy", id),
    queryFn: ({ signal }) => call(api.GET("/conversations/{id}/policy", { params: { path: { id } }, signal })),
    // A window closes by itself.
    refetchInterval: 60_000,
    meta: { keep: false },
  });
}

export const presenceKey = (id: string) => tenantKey("presence", id);

/** Who else is there; told by the answers to our own signs of life, and read again when somebody's changed. */
export function usePresence(id: string) {
  return useQuery({
    queryKey: presenceKey(id),
    queryFn: ({ signal }) => call(api.GET("/conversations/{id}/presence", { params: { path: { id } }, signal })),
    staleTime: 0,
    meta: { keep: false },
  });
}

export function useViews() {
  return useQuery({
    queryKey: tenantKey("saved-views"),
    queryFn: ({ signal }) => call(api.GET("/saved-views", { signal })),
    select: ({ items }) => items,
  });
}

export function useCannedReplies(platform: Conversation["platform"], enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("canned-replies", platform),
    queryFn: ({ signal }) => call(api.GET("/canned-replies", { params: { query: { platform, limit: 200 } }, signal })),
    select: ({ items }) => items,
    enabled,
  });
}

export function useContact(id: string) {
  return useQuery({
    queryKey: tenantKey("contacts", "one", id),
    queryFn: ({ signal }) => call(api.GET("/contacts/{id}", { params: { path: { id } }, signal })),
  });
}

export function useContactSearch(q: string) {
  return useQuery({
    queryKey: tenantKey("contacts", "list", q),
    queryFn: ({ signal }) => call(api.GET("/contacts", { params: { query: { q, limit: 20 } }, signal })),
    select: ({ items }) => items,
    enabled: q.length > 1,
    placeholderData: (before) => before,
    meta: { keep: false },
  });
}

/** The first two hundred: whom conversations are given to, and who wrote what. */
export function useColleagues(): User[] {
  const enabled = useCan("users:read");
  const { data } = useQuery({
    queryKey: tenantKey("users", "colleagues"),
    queryFn: ({ signal }) => call(api.GET("/users", { params: { query: { limit: 200 } }, signal })),
    select: ({ items }) => items,
    enabled,
    staleTime: 300_000,
  });
  return data ?? NOBODY;
}
const NOBODY: User[] = [];

/** What a colleague is called; who left is nobody's name any more. */
export function useNames(): (id: string | null | undefined) => string {
  const colleagues = useColleagues();
  return (id) => colleagues.find((user) => user.id === id)?.name ?? "A colleague";
}
