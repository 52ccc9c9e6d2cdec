/**
 * Sending: the bubble is there at once, and becomes the message when the server has it. What the server does not take
 * stays with the reason and its text, until somebody sends it again or drops it.
 */
import { create } from "zustand";

import { api, call, tenantKey } from "@/lib/api";
import { serverNow } from "@/lib/clock";
import { idempotencyKeys } from "@/lib/idempotency";
import { queryClient } from "@/lib/query-client";
import { onIdentityChange } from "@/lib/session";

import { discard } from "./attaching";
import { ANSWERED, change, noteMessage } from "./cache";
import { begun, dropped, EMPTY, refused, taken, type Outbox, type Pending } from "./outbox-rules";
import { readNewest } from "./live-inbox";
import { messagesOf, threadKey, type Thread } from "./queries";
import type { Attachment, Message } from "./words";

export const useOutbox = create<Outbox>(() => EMPTY);
onIdentityChange(() => useOutbox.setState(EMPTY));

interface Draft {
  conversation: string;
  text: string;
  files: Attachment[];
  takesOver: boolean;
}

let count = 0;

export function send(draft: Draft, me: string): void {
  count += 1;
  const one: Pending = {
    ...draft,
    key: `sending ${Date.now()} ${count}`,
    at: serverNow().toISOString(),
    by: me,
    after: lastKnown(draft.conversation),
    header: idempotencyKeys()("once"),
  };
  void deliver(one);
}

/** Of a conversation that is not here nothing is known: then no message of it is taken for the one that is sent. */
function lastKnown(conversation: string): number {
  const thread = queryClient.getQueryData<Thread>(threadKey(conversation));
  return thread ? Math.max(0, ...messagesOf(thread).map(({ seq }) => seq)) : Number.POSITIVE_INFINITY;
}

/** The same once more: under the same key, so that it is sent once when the answer was lost. */
export function sendAgain(one: Pending): void {
  const { error: _, ...fresh } = one;
  void deliver(fresh);
}

/** Although a colleague is answering: that is another request. */
export function sendAnyway(one: Pending): void {
  const { error: _, ...fresh } = one;
  void deliver({ ...fresh, takesOver: true, header: idempotencyKeys()("once") });
}

export const drop = (key: string): void => useOutbox.setState((outbox) => dropped(outbox, key));

/** Neither sent nor written anew: its files are not kept either. */
export function giveUp({ key, files }: Pending): void {
  drop(key);
  void discard(files);
}

async function deliver(one: Pending): Promise<void> {
  const { key, conversation: id, text, files, takesOver, header, by } = one;
  useOutbox.setState((outbox) => begun(outbox, one));
  try {
    const body = {
      text,
      ...(files.length > 0 && { attachment_ids: files.map((file) => file.id) }),
      ...(takesOver && { takes_over: true }),
    };
    const message = await call(api.POST("/conversations/{id}/reply", { params: { path: { id }, header }, body }));
    noteMessage(message);
    useOutbox.setState((outbox) => taken(outbox, key, message.id));
    answered(id, message, by);
    // Where text and files go apart there are more messages than the one that was answered.
    if (files.length > 0) void readNewest(id).catch(() => undefined);
  } catch (error) {
    useOutbox.setState((outbox) => refused(outbox, key, error));
  }
}

/** What an answer does to its conversation, until the list is read again. */
function answered(id: string, { text, provider_at: at }: Message, me: string): void {
  change(
    id,
    (before) => ({
      ...before,
      status: "open",
      closed_at: null,
      snoozed_until: null,
      preview: text || before.preview,
      preview_direction: "out",
      last_outbound_at: at,
      ...ANSWERED,
      unread_count: 0,
      claimed_by: null,
      claimed_until: null,
    }),
    me,
    true,
  );
  void queryClient.invalidateQueries({ queryKey: tenantKey("conversations", "counts") });
}

/** Sends a message again that was refused or given up. */
export async function retry(message: Message, key: ReturnType<typeof idempotencyKeys>): Promise<void> {
  const params = { path: { id: message.id }, header: key(message.state_at) };
  noteMessage(await call(api.POST("/messages/{id}/retry", { params })));
}
