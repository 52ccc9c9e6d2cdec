/** Which deliveries are shown: kept in the URL, sent to the server. */
import type { Schemas } from "@/lib/api";

type State = Schemas["WebhookDeliveryState"];

export const STATES: readonly { value: State; label: string }[] = [
  { value: "pending", label: "On its way" },
  { value: "delivered", label: "Delivered" },
  { value: "failed", label: "Failed" },
  { value: "held", label: "Held" },
];

export interface DeliveryFilter {
  state?: State;
  event?: string;
  /** Moments by this device's clock and calendar, "2026-11-21T09:30"; the end is not included. */
  from?: string;
  until?: string;
}

export const NAMES = ["state", "event", "from", "until"] as const;

/** The filter that an address holds; what is no filter is left out. */
export function filterOf(search: URLSearchParams): DeliveryFilter {
  const state = STATES.find(({ value }) => value === search.get("state"))?.value;
  const event = search.get("event")?.trim().slice(0, 80);
  const [from, until] = [search.get("from"), search.get("until")].map((text) => (momentOf(text) ? text : undefined));
  return { ...(state && { state }), ...(event && { event }), ...(from && { from }), ...(until && { until }) };
}

/** As the server wants it. */
export function queryOf({ state, event, from, until }: DeliveryFilter) {
  const [begin, end] = [momentOf(from), momentOf(until)];
  return {
    ...(state && { state }),
    ...(event && { event }),
    ...(begin && { from: begin.toISOString() }),
    ...(end && { until: end.toISOString() }),
  };
}

/** What a field for date and time holds, as a moment. */
export function momentOf(text: string | null | undefined): Date | undefined {
  if (!text || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/.test(text)) return undefined;
  const at = new Date(text);
  return Number.isNaN(at.getTime()) || at.getFullYear() < 1970 ? undefined : at;
}

/** A moment as a field for date and time has it, to the minute. */
export function localText(at: Date): string {
  const two = (part: number) => String(part).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
