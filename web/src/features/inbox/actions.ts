/** What one does with a conversation besides answering: shown at once, taken back when the server refuses, with an undo. */
import { api, call, tenantKey, type Schemas } from "@/lib/api";
import { serverNow } from "@/lib/clock";
import { formatDateTime } from "@/lib/format";
import { idempotencyKeys } from "@/lib/idempotency";
import { hasCode } from "@/lib/problems";
import { queryClient } from "@/lib/query-client";
import { toast, toastProblem } from "@/ui/toast";

import { ANSWERED, change, forget, note } from "./cache";
import type { Conversation } from "./filter";
import { nameOf } from "./words";

type Change = Partial<Conversation>;

interface Deed {
  /** As it looks until the server has answered. */
  shows: Change;
  send: () => Promise<Conversation>;
  said: string;
  undo?: () => Promise<void>;
}

async function act(conversation: Conversation, me: string, { shows, send, said, undo }: Deed): Promise<void> {
  const back = change(conversation.id, (before) => ({ ...before, ...shows }), me);
  try {
    note(await send(), me);
  } catch (error) {
    back();
    // Somebody else was faster: what they did is what was wanted.
    if (hasCode(error, "already_done")) return readOne(conversation.id);
    return toastProblem(error);
  }
  void queryClient.invalidateQueries({ queryKey: tenantKey("conversations", "counts") });
  toast({ title: said, tone: "ok", ...(undo && { undo }) });
}

const readOne = (id: string) => queryClient.invalidateQueries({ queryKey: tenantKey("conversations", "one", id) });

const keyed = (id: string) => ({ path: { id }, header: idempotencyKeys()("once") });

export function assign(conversation: Conversation, to: string | null, name: string, me: string): Promise<void> {
  const { id, assignee_id: before } = conversation;
  const give = (assignee: string | null) =>
    call(api.POST("/conversations/{id}/assign", { params: keyed(id), body: { assignee_id: assignee } }));
  return act(conversation, me, {
    shows: { assignee_id: to },
    send: () => give(to),
    said: to ? `${nameOf(conversation)} is now with ${name}` : `${nameOf(conversation)} is nobody's now`,
    undo: async () => note(await give(before ?? null), me),
  });
}

/** By somebody who sees only their own: what they give away is gone for them, and cannot be taken back. */
export async function handOver(conversation: Conversation, to: string | null, name: string): Promise<void> {
  const { id } = conversation;
  try {
    await call(api.POST("/conversations/{id}/assign", { params: keyed(id), body: { assignee_id: to } }));
  } catch (error) {
    return toastProblem(error);
  }
  forget(id);
  void queryClient.invalidateQueries({ queryKey: tenantKey("conversations", "counts") });
  toast({ title: `${nameOf(conversation)} is now with ${name}, and not in your inbox any more`, tone: "ok" });
}

export function close(conversation: Conversation, me: string): Promise<void> {
  const { id } = conversation;
  return act(conversation, me, {
    shows: { status: "closed", closed_at: serverNow().toISOString(), unread_count: 0, ...ANSWERED },
    send: () => call(api.POST("/conversations/{id}/close", { params: keyed(id) })),
    said: `The conversation with ${nameOf(conversation)} is closed`,
    undo: async () => note(await call(api.POST("/conversations/{id}/reopen", { params: keyed(id) })), me),
  });
}

export function reopen(conversation: Conversation, me: string): Promise<void> {
  const { id, status } = conversation;
  return act(conversation, me, {
    shows: { status: "open", closed_at: null, snoozed_until: null },
    send: () => call(api.POST("/conversations/{id}/reopen", { params: keyed(id) })),
    said: `The conversation with ${nameOf(conversation)} is open again`,
    ...(status === "closed" && {
      undo: async () => note(await call(api.POST("/conversations/{id}/close", { params: keyed(id) })), me),
    }),
  });
}

export function snooze(conversation: Conversation, until: Date, me: string): Promise<void> {
  const { id, status, snoozed_until: before } = conversation;
  const putOff = (to: string) =>
    call(api.POST("/conversations/{id}/snooze", { params: keyed(id), body: { until: to } }));
  return act(conversation, me, {
    shows: { status: "snoozed", snoozed_until: until.toISOString() },
    send: () => putOff(until.toISOString()),
    said: `Put off until ${formatDateTime(until)}, or until they write`,
    undo: async () =>
      note(
        status === "snoozed" && before
          ? await putOff(before)
          : await call(api.POST("/conversations/{id}/reopen", { params: keyed(id) })),
        me,
      ),
  });
}

export async function markUnread(conversation: Conversation, me: string): Promise<void> {
  const { id } = conversation;
  await act(conversation, me, {
    shows: { unread_count: Math.max(1, conversation.unread_count) },
    send: () => call(api.POST("/conversations/{id}/unread", { params: { path: { id } } })),
    said: "Marked as unread",
  });
}

/** Silently: it is what opening it means. */
export async function markRead(conversation: Conversation, me: string): Promise<void> {
  const { id } = conversation;
  const back = change(id, (before) => ({ ...before, unread_count: 0 }), me, true);
  try {
    note(await call(api.POST("/conversations/{id}/read", { params: { path: { id } } })), me, true);
    void queryClient.invalidateQueries({ queryKey: tenantKey("conversations", "counts") });
  } catch {
    // It stays unread, and the next look marks it.
    back();
  }
}

export async function setMachine(conversation: Conversation, isPaused: boolean, me: string): Promise<void> {
  const { id } = conversation;
  const pause = () => call(api.POST("/conversations/{id}/pause-machine", { params: { path: { id } } }));
  const resume = () => call(api.POST("/conversations/{id}/resume-machine", { params: { path: { id } } }));
  await act(conversation, me, {
    shows: { machine_paused: isPaused },
    send: isPaused ? pause : resume,
    said: isPaused ? "The machine is silent here" : "The machine may answer here",
    undo: async () => note(await (isPaused ? resume() : pause()), me),
  });
}

export async function claim(id: string, takesOver: boolean, me: string): Promise<Conversation> {
  const conversation = await call(
    api.POST("/conversations/{id}/claim", { params: { path: { id } }, body: { takes_over: takesOver } }),
  );
  note(conversation, me);
  return conversation;
}

export async function release(id: string, me: string): Promise<void> {
  note(await call(api.POST("/conversations/{id}/release", { params: { path: { id } } })), me);
}

export async function tellPresence(id: string, doing: Schemas["Doing"]): Promise<Schemas["ConversationPresence"][]> {
  return call(api.POST("/conversations/{id}/typing", { params: { path: { id } }, body: { doing } }));
}
