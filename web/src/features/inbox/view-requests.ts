/** Saving, changing and removing views. */
import { api, call, tenantKey, type Schemas } from "@/lib/api";
import { idempotencyKeys, type IdempotencyHeader } from "@/lib/idempotency";
import { queryClient } from "@/lib/query-client";

import type { SavedView } from "./queries";

export async function addView(body: Schemas["NewSavedView"], header: IdempotencyHeader): Promise<void> {
  await call(api.POST("/saved-views", { params: { header }, body }));
  await readAgain();
}

export async function changeView(id: string, body: Schemas["SavedViewChange"]): Promise<void> {
  await call(api.PUT("/saved-views/{id}", { params: { path: { id } }, body }));
  await readAgain();
}

export async function removeView(id: string): Promise<void> {
  await call(api.DELETE("/saved-views/{id}", { params: { path: { id } } }));
  await readAgain();
}

/** The same once more; it has another id. */
export async function restoreView({ name, filter, owner_id: owner }: SavedView): Promise<void> {
  await addView({ name, filter, is_shared: !owner }, idempotencyKeys()("once"));
}

const readAgain = () => queryClient.invalidateQueries({ queryKey: tenantKey("saved-views") });
