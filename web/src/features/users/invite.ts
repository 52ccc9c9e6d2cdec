/** Sends invitations one after the other, and sorts out what became of each. */
import { ProblemError, describe } from "@/lib/problems";

import { invite, readInvitationsAgain, type Sent } from "./queries";
import type { Recipient } from "./recipients";

export interface Outcome {
  sent: Sent[];
  /** Those whom the server refused, with its words. */
  refused: { recipient: Recipient; why: string }[];
  /** Not tried, because something went wrong that is not about one person. */
  left: Recipient[];
  failure?: unknown;
}

export interface Errand {
  people: Recipient[];
  role: string;
  keyOf: (body: unknown) => { "Idempotency-Key": string };
  report: (done: number) => void;
}

export async function inviteAll({ people, role, keyOf, report }: Errand): Promise<Outcome> {
  const outcome: Outcome = { sent: [], refused: [], left: [] };
  for (const [index, recipient] of people.entries()) {
    report(index);
    const body = { ...recipient, role: role as Sent["invitation"]["role"] };
    try {
      outcome.sent.push(await invite(body, keyOf(body)));
    } catch (error) {
      if (!concernsOne(error)) return finish({ ...outcome, left: people.slice(index), failure: error });
      outcome.refused.push({ recipient, why: wordsOf(error) });
    }
  }
  return finish(outcome);
}

function finish(outcome: Outcome): Outcome {
  if (outcome.sent.length > 0) void readInvitationsAgain();
  return outcome;
}

/** The next person may do better: the address is taken, or not acceptable. */
const concernsOne = (error: unknown): boolean =>
  error instanceof ProblemError && (error.problem.status === 409 || error.problem.status === 422);

function wordsOf(error: unknown): string {
  const { detail, fields } = describe(error);
  return fields.length > 0 ? fields.map(({ message }) => message).join(" ") : detail;
}
