/** Why somebody is asked to log in, from the code that the server or the address bar gives. */

export interface Reason {
  title: string;
  text: string;
}

const OVER: Reason = { title: "Your session is over", text: "Log in again to go on." };

const REASONS: Record<string, Reason> = {
  session_ended: {
    title: "Your session is over",
    text: "It ran out, or was ended on another device or by an admin. Log in again to go on.",
  },
  refresh_reused: {
    title: "Your session was ended for safety",
    text: "Its key came twice, which happens when somebody has a copy of it. If anything looks strange to you, change your password after you log in.",
  },
  token_expired: OVER,
  invalid_token: OVER,
  missing_credentials: OVER,
  ticket_invalid: {
    title: "That step is no longer valid",
    text: "It took too long, was tried too often, or was done already. Start again.",
  },
  already_done: {
    title: "There is a second factor already",
    text: "It was set up in the meantime. Log in with it.",
  },
  sso_failed: {
    title: "Single sign-on did not work",
    text: "Try again. If it stays, tell an admin of your workspace: the reason is in the server’s log.",
  },
  identity_provider_failed: {
    title: "Your company’s log-in does not answer",
    text: "Try again shortly. If it stays, tell an admin of your workspace.",
  },
  mfa_required: {
    title: "Your role needs a second factor",
    text: "Your company’s log-in did not confirm one. Log in with your password or a passkey instead.",
  },
  not_found: {
    title: "There is no single sign-on",
    text: "That workspace does not offer it. Log in with your password or a passkey.",
  },
  workspace_suspended: { title: "This workspace is suspended", text: "Ask the operator of this installation." },
  workspace_moving: { title: "This workspace is being moved", text: "Try again in a minute." },
  rate_limited: { title: "Too many requests", text: "Wait a minute, then try again." },
  unavailable: { title: "A part of the system is not available", text: "Try again shortly." },
};

/** Codes are words; anything else in the address bar is somebody's joke and not shown. */
const CODE = /^[a-z_]{1,40}$/;

export function reasonOf(code: string | null | undefined): Reason | undefined {
  if (!code || !CODE.test(code)) return undefined;
  const known = Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
  return (
    known ?? {
      title: "You could not be signed in",
      text: `Try again. If it stays, tell your admin this code: ${code}.`,
    }
  );
}
