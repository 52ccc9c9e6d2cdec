/** Which deliveries something will happen to while one looks. */
import type { Schemas } from "@/lib/api";
import { serverNow } from "@/lib/clock";

/** How often such a delivery is read again. */
export const SOON_MS = 3000;
/** An attempt that comes later than this is not waited for. */
const DUE_MS = 30_000;

/** Whether the next attempt is made any moment. */
export function isDue({ state, next_attempt_at: next }: Schemas["WebhookDelivery"]): boolean {
  return state === "pending" && (!next || Date.parse(next) - serverNow().getTime() < DUE_MS);
}
