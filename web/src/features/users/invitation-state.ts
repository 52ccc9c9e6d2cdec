/** How an invitation stands. */
import type { Invitation } from "./queries";

/** As it is now: one that nobody took has expired since it was read. */
export function stateAt(invitation: Pick<Invitation, "state" | "expires_at">, now: Date): Invitation["state"] {
  const { state, expires_at: ends } = invitation;
  return state === "pending" && Date.parse(ends) <= now.getTime() ? "expired" : state;
}

/** Accepted and withdrawn ones are history. */
export const isOpen = (state: Invitation["state"]): boolean => state === "pending" || state === "expired";
