/**
 * Who is signed in. The access token lives in this page's memory only; the refresh token is a cookie that scripts cannot
 * read. A refresh token works once, so all tabs of this browser take turns under one lock, and they tell each other when
 * somebody signs in, out, or goes to another workspace.
 *
 *   starting ──► signed_out ◄──► signed_in ──► expired (the page stays as it is, and a dialog asks to log in again)
 *       └──────► unreachable (nothing is known yet, and the server does not answer)
 */
import { createClient, type Schemas } from "@socialai/api-client";
import { create } from "zustand";

import { learnTime } from "./clock";
import { exclusively } from "./locks";
import { hasCode, ProblemError, Unreachable } from "./problems";

export type Facts = Pick<Schemas["SignedIn"], "user" | "tenant" | "tenants" | "permissions">;

export interface Session {
  status: "starting" | "unreachable" | "signed_out" | "signed_in" | "expired";
  /** Who it is, also while expired; what they may do comes from the server with each token. */
  facts?: Facts;
  /** Read from this device because the server did not answer. */
  fromDevice: boolean;
  /** Why nobody is signed in any more: the problem's code. */
  why?: string;
  /** Logged out on purpose: the next log-in begins at home, not where this one stopped. */
  hasLeft?: boolean;
}

export const useSession = create<Session>(() => ({ status: "starting", fromDevice: false }));

export const useUser = () => useSession((session) => facts(session).user);
export const useTenant = () => useSession((session) => facts(session).tenant);
export const useCan = (permission: string) =>
  useSession((session) => session.facts?.permissions.includes(permission) ?? false);
/** Whether the server shows this person only the conversations that are assigned to them. */
export const useHasOnlyOwn = () => useSession((session) => session.facts?.user.role === "sales_rep");

function facts(session: Session): Facts {
  if (!session.facts) throw new Error("This part of the app is for people who are signed in.");
  return session.facts;
}

/** Calls that need nobody signed in. */
export const publicApi = createClient({ csrfToken, fetch: reach });

/** Codes that say: the token, not the request, is at fault. */
export const TOKEN_PROBLEMS = [
  "missing_credentials",
  "invalid_token",
  "token_expired",
  "session_ended",
  "refresh_reused",
];

// --- The token -----------------------------------------------------------------------------------------------------

let token: { value: string; until: number } | undefined;
let refreshing: Promise<string> | undefined;
/** Resolved when somebody logs in again; everything that waits for a token waits for this. */
let backIn: PromiseWithResolvers<string> | undefined;

/** A token that works, renewed when its time is nearly over. While the session is expired this waits for the log-in. */
export async function accessToken(): Promise<string> {
  if (token && performance.now() < token.until) return token.value;
  // Not with whatever cookie there is now: somebody else's would take this page over unasked.
  if (backIn) return backIn.promise;
  const before = useSession.getState().facts;
  const value = await renew().catch((error: unknown) => {
    if (!hasCode(error, ...TOKEN_PROBLEMS)) throw error;
    return expire(error);
  });
  // In another tab somebody else may have logged in: what this one was about to do is not theirs.
  const now = useSession.getState().facts;
  if (before && !(now && isSame(before, now))) throw new Unreachable();
  return value;
}

/** The server refused this token; the next call asks for another one. */
export function dropToken(value: string): void {
  if (token?.value === value) token = undefined;
}

function renew(): Promise<string> {
  refreshing ??= exclusively("socialai.refresh", async () => {
    const { data, error } = await publicApi.POST("/auth/refresh", { body: {} });
    if (!data) throw error ? new ProblemError(error) : new Unreachable();
    return take(data);
  }).finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

function take(signedIn: Schemas["SignedIn"]): string {
  const before = useSession.getState().facts;
  const { user, tenant, tenants, permissions } = signedIn;
  const now = { user, tenant, tenants, permissions };
  // A minute early, so that a request does not meet its token's end on the way.
  token = { value: signedIn.access_token, until: performance.now() + (signedIn.expires_in - 60) * 1000 };
  useSession.setState({ status: "signed_in", facts: now, fromDevice: false }, true);
  keepFacts(now);
  const isAnother = before !== undefined && !isSame(before, now);
  // What waits was asked for by the one before; it must not go out in this one's name.
  if (isAnother) backIn?.reject(new Unreachable());
  else backIn?.resolve(token.value);
  backIn = undefined;
  if (isAnother) for (const listener of changed) listener();
  return token.value;
}

function expire(error: unknown): Promise<string> {
  const { facts, status } = useSession.getState();
  if (!facts || status === "signed_out") {
    forget(codeOf(error));
    throw error;
  }
  useSession.setState({ status: "expired", why: codeOf(error) });
  backIn ??= Promise.withResolvers<string>();
  return backIn.promise;
}

const codeOf = (error: unknown): string => (error instanceof ProblemError ? error.code : "session_ended");
const isSame = (one: Facts, other: Facts) => one.user.id === other.user.id && one.tenant.id === other.tenant.id;

// --- Beginning and ending ------------------------------------------------------------------------------------------

/** Called once, before anything is drawn that depends on who it is. */
export async function startSession(): Promise<void> {
  if (!csrfToken()) return forget();
  try {
    await renew();
  } catch (error) {
    if (hasCode(error, ...TOKEN_PROBLEMS, "cross_site")) return forget(codeOf(error));
    const kept = keptFacts();
    useSession.setState(
      kept ? { status: "signed_in", facts: kept, fromDevice: true } : { status: "unreachable", fromDevice: false },
      true,
    );
  }
}

/** A log-in went well. */
export function adopt(signedIn: Schemas["SignedIn"]): void {
  take(signedIn);
  tellOtherTabs("signed_in");
}

export async function logOut(): Promise<void> {
  await end("/auth/logout");
}

/** In all workspaces and on all devices. */
export async function logOutEverywhere(): Promise<void> {
  await end("/auth/logout-everywhere");
}

async function end(path: "/auth/logout" | "/auth/logout-everywhere"): Promise<void> {
  const { response, error } = await publicApi.POST(path, {
    headers: { authorization: `Bearer ${await accessToken()}` },
  });
  if (!response.ok && !hasCode(error && new ProblemError(error), ...TOKEN_PROBLEMS)) {
    throw error ? new ProblemError(error) : new Unreachable();
  }
  forget();
  tellOtherTabs("signed_out");
}

/** Leaves an expired session for the log-in page; what waited for a token is told. */
export function leaveExpired(): void {
  backIn?.reject(new Unreachable());
  backIn = undefined;
  forget(useSession.getState().why);
}

export async function switchTenant(slug: string): Promise<void> {
  const { data, error } = await publicApi.POST("/auth/switch-tenant", {
    body: { tenant: slug, delivery: "cookie" },
    headers: { authorization: `Bearer ${await accessToken()}` },
  });
  if (!data) throw error ? new ProblemError(error) : new Unreachable();
  adopt(data);
}

/** While the session is expired: whether this browser is back in by another way, in another tab. */
export function lookAgain(): void {
  void renew().catch(() => undefined);
}

/** Name or rights changed: asks the server who this is now. */
export async function refreshFacts(): Promise<void> {
  token = undefined;
  await accessToken();
}

function forget(why?: string): void {
  token = undefined;
  const had = useSession.getState().facts;
  localStorage.removeItem(FACTS);
  const hasLeft = had !== undefined && !why;
  useSession.setState({ status: "signed_out", fromDevice: false, hasLeft, ...(why && { why }) }, true);
  if (had) for (const listener of changed) listener();
}

const changed = new Set<() => void>();

/** Runs when another person or workspace takes over, or nobody: what is in memory of the one before has to go. */
export function onIdentityChange(listener: () => void): void {
  changed.add(listener);
}

// --- The other tabs ------------------------------------------------------------------------------------------------

const tabs = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("socialai.session");

/** A log-in that went around the app (single sign-on in another tab) is told by the page where it ended. */
export function tellOtherTabs(news: "signed_in" | "signed_out"): void {
  tabs?.postMessage(news);
}

tabs?.addEventListener("message", ({ data }) => {
  if (data === "signed_out") {
    backIn?.reject(new Unreachable());
    backIn = undefined;
    forget();
  } else {
    // The cookie is another one now; whoever it names is who this tab is, too.
    void renew().catch(() => forget("session_ended"));
  }
});

// --- What this device keeps ----------------------------------------------------------------------------------------

const FACTS = "socialai.facts";

function keepFacts(now: Facts): void {
  try {
    localStorage.setItem(FACTS, JSON.stringify(now));
  } catch {
    // Without storage there is no reading offline; everything else works.
  }
}

function keptFacts(): Facts | undefined {
  try {
    return JSON.parse(localStorage.getItem(FACTS) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

function csrfToken(): string | undefined {
  return /(?:^|; )socialai_csrf=([^;]+)/.exec(document.cookie)?.[1];
}

/** `fetch`, with one error for everything that ends without an answer. */
export async function reach(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    learnTime(response);
    return response;
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new Unreachable();
  }
}
