/** How a key stands, by the server's clock. */
import type { ApiKey } from "./queries";

export type KeyState = "works" | "ends_soon" | "works_until" | "replaced" | "expired" | "revoked";

const SOON_MS = 7 * 24 * 3600 * 1000;

export function stateOf(key: Pick<ApiKey, "revoked_at" | "expires_at" | "rotated_to">, now: Date): KeyState {
  if (key.revoked_at) return "revoked";
  const left = key.expires_at ? Date.parse(key.expires_at) - now.getTime() : Number.POSITIVE_INFINITY;
  if (left <= 0) return key.rotated_to ? "replaced" : "expired";
  if (key.rotated_to) return "works_until";
  return left < SOON_MS ? "ends_soon" : "works";
}

export const isAlive = (state: KeyState): boolean => ["works", "ends_soon", "works_until"].includes(state);

/** A key is replaced once. */
export const canRotate = (state: KeyState): boolean => state === "works" || state === "ends_soon";
