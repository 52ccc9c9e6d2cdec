/** Changing contacts, making two one, and parting them again. */
import { api, call, tenantKey, type Schemas } from "@/lib/api";
import { idempotencyKeys, type IdempotencyHeader } from "@/lib/idempotency";
import { queryClient } from "@/lib/query-client";

import { LIST } from "./queries";

export async function changeContact(id: string, body: Schemas["ContactChange"]): Promise<void> {
  await call(api.PATCH("/contacts/{id}", { params: { path: { id } }, body }));
  await readAgain();
}

export async function merge(id: string, other: string, header: IdempotencyHeader): Promise<Schemas["ContactMerge"]> {
  const merged = await call(
    api.POST("/contacts/{id}/merge", { params: { path: { id }, header }, body: { with: other } }),
  );
  await readAgain();
  return merged;
}

export async function part(merge: string): Promise<void> {
  const header = idempotencyKeys()("once");
  await call(api.POST("/contact-merges/{id}/undo", { params: { path: { id: merge }, header } }));
  await readAgain();
}

/** Names stand in conversations and in the list, too. */
async function readAgain(): Promise<void> {
  await Promise.all(
    ["contacts", "conversations", LIST].map((noun) => queryClient.invalidateQueries({ queryKey: tenantKey(noun) })),
  );
}
