/** How long somebody has been waiting, and how long a window is open: short, and only when it matters. */
export type Urgency = "none" | "long" | "too_long";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Before that nobody would say that they wait. */
const MATTERS_AFTER = 10 * MINUTE;
const LONG_AFTER = HOUR;
const TOO_LONG_AFTER = 8 * HOUR;

export interface Waiting {
  text: string;
  urgency: Urgency;
}

/** Nothing when nobody waits, or not long enough to be worth a word. */
export function waitingOf(since: string | null | undefined, now: Date): Waiting | undefined {
  if (!since) return undefined;
  const waited = now.getTime() - Date.parse(since);
  if (!(waited >= MATTERS_AFTER)) return undefined;
  const urgency = waited >= TOO_LONG_AFTER ? "too_long" : waited >= LONG_AFTER ? "long" : "none";
  return { text: `Waits ${duration(waited)}`, urgency };
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
