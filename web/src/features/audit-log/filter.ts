/** What of the log is shown: kept in the URL, sent to the server. */
import { withParams, type Changes } from "@/lib/address";
import type { Schemas } from "@/lib/api";

export interface Filter {
  /** An action, or with a dot at its end all that begin so. */
  action?: string;
  /** Whose doing. */
  actor?: string;
  /** What kind of thing it is about. */
  kind?: string;
  /** What it is about. */
  about?: string;
  /** Days of this device's calendar, both included: 2026-11-21. */
  from?: string;
  until?: string;
}

export const NAMES = ["action", "actor", "kind", "about", "from", "until"] as const;
type Name = (typeof NAMES)[number];

/** The filter that an address holds. What is no filter, such as a day that no calendar has, is left out. */
export function filterOf(search: URLSearchParams): Filter {
  const filter: Filter = {};
  for (const name of NAMES) {
    const value = search.get(name)?.trim();
    if (value && value.length <= 100 && (!isDay(name) || dayStart(value))) filter[name] = value;
  }
  return filter;
}

/** The address with this part of the filter set, or dropped; the opened entry may not be in the new list. */
export function withFilter(search: URLSearchParams, changes: Changes<Name>): URLSearchParams {
  return withParams(search, { ...changes, entry: undefined });
}

export interface LogQuery {
  action?: string;
  actor_id?: string;
  entity_kind?: string;
  entity_id?: string;
  from?: string;
  until?: string;
}

/** As the server wants it: moments instead of days, the end not included. */
export function queryOf({ action, actor, kind, about, from, until }: Filter): LogQuery {
  const [begin, end] = [from && dayStart(from), until && dayStart(until, 1)];
  return {
    ...(action && { action }),
    ...(actor && { actor_id: actor }),
    ...(kind && { entity_kind: kind }),
    ...(about && { entity_id: about }),
    ...(begin && { from: begin.toISOString() }),
    ...(end && { until: end.toISOString() }),
  };
}

/** Whether an entry that a live event tells of could be one of these; only the server knows whose doing it was. */
export function mayMatch(filter: Filter, event: { action: string; entity_kind: string; entity_id: string }): boolean {
  const { action, kind, about } = filter;
  const isAction = !action || (action.endsWith(".") ? event.action.startsWith(action) : event.action === action);
  return isAction && (!kind || event.entity_kind === kind) && (!about || event.entity_id === about);
}

const isDay = (name: Name): boolean => name === "from" || name === "until";

/** When a day begins where the reader is, or the day that comes so many later. */
function dayStart(text: string, later = 0): Date | undefined {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)?.map(Number) ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const start = new Date(year, month - 1, day);
  if (start.getFullYear() !== year || start.getMonth() !== month - 1 || start.getDate() !== day) return undefined;
  // Through the calendar, not by 24 hours: a day may have 23 or 25.
  return new Date(year, month - 1, day + later);
}

/** The calendar day of this moment on this device. */
export function dayOf(at: Date, earlier = 0): string {
  const day = new Date(at.getFullYear(), at.getMonth(), at.getDate() - earlier);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${String(day.getFullYear()).padStart(4, "0")}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

export type LogEntry = Schemas["LogEntry"];
