/** How sessions are put in words and in order. */
import { describeUserAgent } from "@/lib/browser";

import type { Session } from "./queries";

const METHODS: Record<string, string> = {
  password: "Password",
  passkey: "Passkey",
  sso: "Single sign-on",
  invitation: "Invitation",
};

/** "Password and second factor"; a method of a newer server is shown as it comes. */
export function howOf({ method, has_mfa }: Pick<Session, "method" | "has_mfa">): string {
  const name = METHODS[method] ?? method;
  // A passkey is several factors in one.
  return has_mfa && method !== "passkey" ? `${name} and second factor` : name;
}

export const deviceOf = ({ user_agent }: Pick<Session, "user_agent">): string =>
  user_agent.trim() === "" ? "Unknown program" : describeUserAgent(user_agent);

export const isPhone = ({ user_agent }: Pick<Session, "user_agent">): boolean =>
  /iPhone|Android.*Mobile|Windows Phone/.test(user_agent);

/** This one first, then those used last. */
export function inOrder(sessions: readonly Session[], own: string | undefined): Session[] {
  return sessions.toSorted((one, other) => {
    if ((one.id === own) !== (other.id === own)) return one.id === own ? -1 : 1;
    return other.last_used_at.localeCompare(one.last_used_at);
  });
}
