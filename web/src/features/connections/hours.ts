/** Business hours as one types them: "09:00–12:00, 13:00–17:30" for a day, nothing for a day that is closed. */
import type { Schemas } from "@/lib/api";

type Hours = Schemas["WebChatBusinessHours"];
type Opening = Schemas["WebChatOpening"];
export type Day = Opening["day"];

export const DAYS: { value: Day; label: string }[] = [
  { value: "monday", label: "Monday" },
  { value: "tuesday", label: "Tuesday" },
  { value: "wednesday", label: "Wednesday" },
  { value: "thursday", label: "Thursday" },
  { value: "friday", label: "Friday" },
  { value: "saturday", label: "Saturday" },
  { value: "sunday", label: "Sunday" },
];

export type Week = Record<Day, string>;

const week = (text: (day: Day) => string): Week =>
  Object.fromEntries(DAYS.map(({ value }) => [value, text(value)])) as Week;

const WORKDAYS = "09:00–17:00";

/** What stands there when somebody switches hours on. */
export const usualWeek = (): Week => week((day) => (day === "saturday" || day === "sunday" ? "" : WORKDAYS));

export function weekOf(hours: Hours): Week {
  return week((day) => {
    const openings = hours.open.filter((opening) => opening.day === day);
    return openings.map(({ from, to }) => `${from}–${to}`).join(", ");
  });
}

interface Span {
  from: string;
  to: string;
}

const TIME = /^(\d{1,2})(?::([0-5]\d))?$/;

/** `undefined` where it cannot be read: each span has an end behind its beginning, and none begins in another. */
export function spansOf(text: string): Span[] | undefined {
  const spans: Span[] = [];
  for (const part of text.split(/[,;]/)) {
    if (part.trim() === "") continue;
    const span = spanOf(part);
    const last = spans.at(-1);
    if (!span || (last && span.from < last.to)) return undefined;
    spans.push(span);
  }
  return spans;
}

function spanOf(text: string): Span | undefined {
  const [begin = "", end, more] = text.split(/[-–—]/);
  const [from, to] = [timeOf(begin), timeOf(end ?? "")];
  return from && to && more === undefined && from < to ? { from, to } : undefined;
}

function timeOf(text: string): string | undefined {
  const [, hour = "", minute = "00"] = TIME.exec(text.trim()) ?? [];
  if (hour === "") return undefined;
  const time = `${hour.padStart(2, "0")}:${minute}`;
  return time <= "24:00" ? time : undefined;
}

/** Days that cannot be read are left out: the form has refused them before. */
export function hoursOf(timeZone: string, times: Week): Hours {
  const open = DAYS.flatMap(({ value: day }): Opening[] =>
    (spansOf(times[day]) ?? []).map((span) => ({ day, ...span })),
  );
  return { time_zone: timeZone, open };
}

export const checkSpans = (text: unknown): true | string =>
  typeof text === "string" && spansOf(text) ? true : "Write 09:00–17:00, or several with commas; a night is two days.";
