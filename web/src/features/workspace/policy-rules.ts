/** What a change of the security policy leads to, in sentences. */
import { listOf } from "@/lib/format";
import { roleName } from "@/lib/role-names";

import type { Concerned, Policy } from "./queries";

/** The form has the other roles only: admins always need a second factor. */
export interface Values {
  mfa_roles: string[];
  session_days: string;
}

export const toValues = ({ mfa_roles, session_days }: Policy): Values => ({
  mfa_roles: mfa_roles.filter((role) => role !== "admin"),
  session_days: String(session_days),
});

export const toPolicy = ({ mfa_roles, session_days }: Values): Policy => ({
  mfa_roles: ["admin", ...(mfa_roles as Policy["mfa_roles"])],
  session_days: Number(session_days),
});

export function checkDays(text: string): true | string {
  const days = Number(text);
  return (/^\d+$/.test(text.trim()) && days >= 1 && days <= 90) || "A session lasts 1 to 90 whole days.";
}

/** Roles that need a second factor from now on. */
export const newlyAsked = (before: Policy, after: Policy): string[] =>
  after.mfa_roles.filter((role) => !before.mfa_roles.includes(role));

const plural = (role: string) => (/^[A-Z]/.test(roleName(role)) ? `${roleName(role).toLowerCase()}s` : role);

export function consequences(before: Policy, after: Policy): string[] {
  const asked = newlyAsked(before, after);
  const freed = before.mfa_roles.filter((role) => !after.mfa_roles.includes(role));
  const sentences = [];
  if (asked.length > 0) {
    sentences.push(
      `From now on ${listOf(asked.map(plural))} need a second factor. Sessions without one stop working at once; whoever has none sets one up at the next log-in.`,
    );
  }
  if (freed.length > 0) {
    sentences.push(`A password alone is enough for ${listOf(freed.map(plural))} who have no second factor.`);
  }
  if (before.session_days !== after.session_days) {
    sentences.push(
      `New sessions end after ${days(after.session_days)}, instead of ${days(before.session_days)}. Those open now keep their end.`,
    );
  }
  return sentences;
}

const days = (count: number) => (count === 1 ? "1 day" : `${count} days`);

export function tellConcerned({ count, isLeast }: Concerned): string {
  if (count === 0) return isLeast ? "" : "Nobody of them is without a second factor.";
  const people = count === 1 ? "1 person has" : `${count} people have`;
  return isLeast ? `At least ${people} no second factor yet.` : `${people} no second factor yet.`;
}
