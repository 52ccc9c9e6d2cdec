/**
 * A log-in as a chain of steps, the same on the log-in page, for an invitation, and over a page whose session is over:
 *
 *   start ──► second_factor ──► in
 *     │  └──► enrolment ──► recovery_codes ──► in
 *     └───────────────────────────────────────► in
 *
 * A ticket that expired or was tried too often leads back to the start, with the reason.
 */
import type { Schemas } from "@/lib/api";

export type LogIn = Schemas["LogIn"];
export type SignedIn = Schemas["SignedIn"];

export type Step =
  | { at: "start"; why?: string }
  | { at: "second_factor"; ticket: string; methods: string[] }
  | { at: "enrolment"; ticket: string }
  | { at: "recovery_codes"; signedIn: SignedIn }
  | { at: "in"; signedIn: SignedIn }
  /** The server is newer than this page and wants something that the page does not know. */
  | { at: "unknown" };

export type Move =
  | { type: "answered"; answer: LogIn }
  | { type: "refused"; code: string }
  | { type: "kept" }
  | { type: "restarted" };

export const START: Step = { at: "start" };

/** Second factors that this page has a form for. */
const KNOWN_METHODS = new Set(["totp", "recovery_code", "passkey"]);

/** What a refusal means for the chain: these make its ticket useless. */
const ENDINGS = new Set(["ticket_invalid", "already_done"]);

export const endsSteps = (code: string) => ENDINGS.has(code);

export function next(step: Step, move: Move): Step {
  // Whoever is in stays in: an answer that comes late changes nothing.
  if (step.at === "in" || (step.at === "recovery_codes" && move.type !== "kept")) return step;
  switch (move.type) {
    case "answered":
      return after(move.answer);
    case "refused":
      return step.at !== "start" && endsSteps(move.code) ? { at: "start", why: move.code } : step;
    case "kept":
      return step.at === "recovery_codes" ? { at: "in", signedIn: step.signedIn } : step;
    default:
      return START;
  }
}

function after(answer: LogIn): Step {
  switch (answer.status) {
    case "signed_in":
      return answer.recovery_codes?.length
        ? { at: "recovery_codes", signedIn: answer }
        : { at: "in", signedIn: answer };
    case "second_factor_required":
      return answer.methods.some((method) => KNOWN_METHODS.has(method))
        ? { at: "second_factor", ticket: answer.ticket, methods: answer.methods }
        : { at: "unknown" };
    case "enrolment_required":
      return { at: "enrolment", ticket: answer.ticket };
    default:
      return { at: "unknown" };
  }
}
