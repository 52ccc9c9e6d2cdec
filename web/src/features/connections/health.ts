/** How an account is, and what mends it. */
import type { Schemas } from "@/lib/api";

type Account = Schemas["ChannelAccount"];
type State = Account["state"];

/** From then on before the end somebody is asked to log in again, as long as nothing is broken yet. */
const SOON_MS = 7 * 86_400_000;

/** What needs somebody stands first. */
const ORDER: Record<State, number> = { needs_you: 0, degraded: 1, healthy: 2, disconnected: 3 };

export function inOrder(accounts: readonly Account[]): Account[] {
  // Within a state they stay by platform and name, as the server lists them.
  return accounts.toSorted((one, other) => ORDER[one.state] - ORDER[other.state]);
}

/** "2 accounts need you, 1 is degraded, 5 are healthy." Disconnected ones are not counted. */
export function summaryOf(accounts: readonly Account[]): string {
  const count = (state: State) => accounts.filter((account) => account.state === state).length;
  const [needy, degraded, healthy] = [count("needs_you"), count("degraded"), count("healthy")];
  const parts = [
    needy > 0 && `${needy} ${needy === 1 ? "account needs" : "accounts need"} you`,
    degraded > 0 && `${degraded} ${degraded === 1 ? "is" : "are"} degraded`,
    healthy > 0 && `${healthy} ${healthy === 1 ? "is" : "are"} healthy`,
  ].filter((part) => part !== false);
  return parts.length > 0 ? `${parts.join(", ")}.` : "";
}

export interface Token {
  text: string;
  /** The end, or when it is renewed. */
  at?: string;
  isUrgent: boolean;
}

/** Until when the account can be used without a new log-in. */
export function tokenOf(account: Account, now: Date): Token | undefined {
  const { platform, state, token_expires_at: ends, refresh_at: renews } = account;
  if (platform === "web_chat" || state === "disconnected") return undefined;
  if (!ends) return { text: "Does not end by itself", isUrgent: false };
  const left = Date.parse(ends) - now.getTime();
  if (left <= 0) return { text: "Ended", at: ends, isUrgent: true };
  if (renews) return { text: "Renewed by itself", at: renews, isUrgent: false };
  return { text: "Ends", at: ends, isUrgent: left < SOON_MS };
}

/** The one button of a card; none where nothing has to be mended, or where no log-in would mend it. */
export function mendOf(account: Account, now: Date): "Reconnect" | "Connect again" | "Log in again" | undefined {
  if (account.platform === "web_chat") return undefined;
  if (account.state === "disconnected") return "Connect again";
  if (account.state !== "healthy") return "Reconnect";
  return tokenOf(account, now)?.isUrgent ? "Log in again" : undefined;
}

/** What the person reads who could mend it; the reason of the server where it has one. */
export function reasonOf({ state, state_reason: reason }: Account): string | undefined {
  if (reason) return reason;
  switch (state) {
    case "needs_you":
      return "It does not work until somebody connects it again.";
    case "degraded":
      return "It works, but not as it should.";
    case "disconnected":
      return "Nothing comes from it, and nothing can be sent through it. Its conversations are still here.";
    default:
      return undefined;
  }
}

/** Of many accounts only those are asked for their gaps that are not well: each is a request. */
const ASKED = 24;

export const asksForGaps = (account: Account, count: number): boolean =>
  account.state !== "disconnected" && (count <= ASKED || account.state !== "healthy");
