/** When an answer is due, and how long a window is open: short. */
import type { Schemas } from "@/lib/api";

type Conversation = Schemas["Conversation"];

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Of the time to answer, the last part: then the answer is due soon. The server's filter goes by the same. */
const LAST_PART = 1 / 4;

export interface Waiting {
  text: string;
  /** Nothing while there is time. */
  sla: Schemas["ConversationSla"] | undefined;
}

/** Nothing when nobody waits. */
export function waitingOf(
  { awaiting_since: since, answer_due_at: due }: Pick<Conversation, "awaiting_since" | "answer_due_at">,
  now: Date,
): Waiting | undefined {
  const [from, until] = [Date.parse(since ?? ""), Date.parse(due ?? "")];
  if (Number.isNaN(from) || Number.isNaN(until)) return undefined;
  const left = until - now.getTime();
  if (left <= 0) return { text: left > -MINUTE ? "Overdue" : `Overdue by ${duration(-left)}`, sla: "overdue" };
  const isSoon = left <= (until - from) * LAST_PART;
  return { text: left < MINUTE ? "Due now" : `Due in ${duration(left)}`, sla: isSoon ? "due_soon" : undefined };
}

/** The largest unit that it fills: "12 min", "3 h", "2 days". */
export function duration(ms: number): string {
  if (ms < MINUTE) return "less than a minute";
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  const days = Math.floor(ms / DAY);
  return days === 1 ? "1 day" : `${days} days`;
}

/** The last part of a window is told to the minute. */
const SOON = 2 * HOUR;

/** Nothing when the window has no end; `isSoon` when it is worth a warning. */
export function countdown(
  closesAt: string | null | undefined,
  now: Date,
): { text: string; isSoon: boolean } | undefined {
  if (!closesAt) return undefined;
  const left = Date.parse(closesAt) - now.getTime();
  if (Number.isNaN(left)) return undefined;
  if (left <= 0) return { text: "The time to answer is over", isSoon: true };
  const hours = Math.floor(left / HOUR);
  const isSoon = left < SOON;
  const text =
    isSoon && hours > 0
      ? `${hours} h ${Math.floor((left % HOUR) / MINUTE)} min left to answer`
      : `${duration(left)} left to answer`;
  return { text, isSoon };
}
