/** What is in memory of conversations, changed in all places at once. */
import type { InfiniteData } from "@tanstack/react-query";

import { tenantKey } from "@/lib/api";
import { serverNow } from "@/lib/clock";
import { queryClient } from "@/lib/query-client";

import { fits, type Conversation, type Filter } from "./filter";
import { withMessage } from "./outbox-rules";
import { LIST, oneKey, threadKey, type ConversationPage, type Thread } from "./queries";
import type { Message } from "./words";

type List = InfiniteData<ConversationPage>;

/** Nobody waits for an answer any more. */
export const ANSWERED = { awaiting_since: null, answer_due_at: null } as const;

/** As the server says that it is now. */
export function note(conversation: Conversation, me: string, stays = false): void {
  change(conversation.id, () => conversation, me, stays);
}

/**
 * Changes what is shown of a conversation before the server has answered. Gives back what takes it back. A row that does
 * not fit its list any more leaves it, unless it `stays`: what is only read does not vanish under the reader.
 */
export function change(
  id: string,
  change: (before: Conversation) => Conversation,
  me: string,
  stays = false,
): () => void {
  const before = queryClient.getQueryData<Conversation>(oneKey(id));
  const lists = queryClient.getQueriesData<List>({ queryKey: tenantKey(LIST, "list") });
  if (before) queryClient.setQueryData(oneKey(id), change(before));
  for (const [key, list] of lists) {
    const filter = key.at(-1) as Filter;
    if (list)
      queryClient.setQueryData<List>(
        key,
        changed(list, id, change, (after) => stays || fits(filter, after, me, serverNow())),
      );
  }
  return () => {
    if (before) queryClient.setQueryData(oneKey(id), before);
    for (const [key, list] of lists) queryClient.setQueryData(key, list);
  };
}

/** It is not there for this person any more: the rows go, and whoever looks at it asks the server. */
export function forget(id: string): void {
  queryClient.setQueriesData<List>(
    { queryKey: tenantKey(LIST, "list") },
    (list) =>
      list &&
      changed(
        list,
        id,
        (before) => before,
        () => false,
      ),
  );
  for (const queryKey of [oneKey(id), threadKey(id)]) void queryClient.resetQueries({ queryKey });
}

function changed(
  list: List,
  id: string,
  change: (before: Conversation) => Conversation,
  belongs: (after: Conversation) => boolean,
): List {
  if (!list.pages.some(({ items }) => items.some((one) => one.id === id))) return list;
  const pages = list.pages.map((page) => ({
    ...page,
    items: page.items.flatMap((one) => {
      if (one.id !== id) return [one];
      const after = change(one);
      return belongs(after) ? [after] : [];
    }),
  }));
  return { ...list, pages };
}

/** The conversation as the opened list knows it. */
export function listed(id: string): Conversation | undefined {
  const lists = queryClient.getQueriesData<List>({ queryKey: tenantKey(LIST, "list") });
  return lists
    .flatMap(([, list]) => list?.pages ?? [])
    .flatMap(({ items }) => items)
    .find((one) => one.id === id);
}

/** A message that the server has just told of. */
export function noteMessage(message: Message): void {
  queryClient.setQueryData<Thread>(threadKey(message.conversation_id), (thread) => {
    if (!thread) return thread;
    const at = thread.pages.findIndex(({ items }) => items.some(({ id }) => id === message.id));
    const pages = thread.pages.map((page, index) =>
      index === Math.max(at, 0) ? { ...page, items: withMessage(page.items, message) } : page,
    );
    return { ...thread, pages };
  });
}
