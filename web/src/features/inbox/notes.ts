/** Writing, changing and removing notes. */
import { api, call, tenantKey } from "@/lib/api";
import { idempotencyKeys, type IdempotencyHeader } from "@/lib/idempotency";
import { queryClient } from "@/lib/query-client";

import type { Note } from "./queries";

const keyOf = (conversation: string) => tenantKey("conversations", "notes", conversation);

export async function writeNote(
  id: string,
  body: string,
  mentions: string[],
  header: IdempotencyHeader = idempotencyKeys()("once"),
): Promise<void> {
  const params = { path: { id }, header };
  const note = await call(api.POST("/conversations/{id}/notes", { params, body: { body, mentions } }));
  know(id, (notes) => [note, ...notes.filter((one) => one.id !== note.id)]);
}

export async function changeNote({ id, conversation_id: of, mentions }: Note, body: string): Promise<void> {
  const changed = await call(api.PATCH("/notes/{id}", { params: { path: { id } }, body: { body, mentions } }));
  know(of, (notes) => notes.map((note) => (note.id === id ? changed : note)));
}

export async function removeNote({ id, conversation_id: of }: Note): Promise<void> {
  await call(api.DELETE("/notes/{id}", { params: { path: { id } } }));
  know(of, (notes) => notes.filter((note) => note.id !== id));
}

function know(conversation: string, change: (notes: Note[]) => Note[]): void {
  queryClient.setQueryData<{ items: Note[] }>(
    keyOf(conversation),
    (page) => page && { ...page, items: change(page.items) },
  );
}
