/** Which dead letters are shown: kept in the URL, sent to the server. */
import { withParams, type Changes } from "@/lib/address";
import type { Schemas } from "@/lib/api";

export type Letter = Schemas["Letter"];
export type Count = Schemas["Count"];
export type LetterState = "open" | "replayed" | "discarded" | "any";

export interface Filter {
  state: LetterState;
  queue?: string;
  kind?: string;
  reason?: string;
  /** One of `PERIODS`. */
  since?: string;
}

export const NAMES = ["state", "kind", "reason", "queue", "since"] as const;
type Name = (typeof NAMES)[number];

export const STATES: { value: LetterState; label: string }[] = [
  { value: "open", label: "Open" },
  { value: "replayed", label: "Replayed" },
  { value: "discarded", label: "Discarded" },
  { value: "any", label: "All" },
];

/** How far back, in hours. */
export const PERIODS = [
  { value: "1h", label: "Last hour", hours: 1 },
  { value: "24h", label: "Last 24 hours", hours: 24 },
  { value: "7d", label: "Last 7 days", hours: 168 },
  { value: "30d", label: "Last 30 days", hours: 720 },
] as const;

/** As queues, kinds and reasons are written. */
const WORD = /^[\w.-]{1,80}$/;

/** The filter that an address holds; what is none, such as a state that there is not, is left out. */
export function filterOf(search: URLSearchParams): Filter {
  const text = (name: Name) => {
    const value = search.get(name)?.trim();
    return value && WORD.test(value) ? value : undefined;
  };
  const [queue, kind, reason, since] = [text("queue"), text("kind"), text("reason"), text("since")];
  return {
    state: STATES.find(({ value }) => value === text("state"))?.value ?? "open",
    ...(queue && { queue }),
    ...(kind && { kind }),
    ...(reason && { reason }),
    ...(since && PERIODS.some(({ value }) => value === since) && { since }),
  };
}

/** The address with this part of the filter set, or dropped; the opened letter may not be in the new list. */
export function withFilter(search: URLSearchParams, changes: Changes<Name>): URLSearchParams {
  const isUsual = changes.state === "open";
  return withParams(search, { ...changes, ...(isUsual && { state: undefined }), letter: undefined });
}

/** As the server wants it: a moment instead of a period. */
export function queryOf({ since, ...filter }: Filter, now: Date) {
  const hours = PERIODS.find(({ value }) => value === since)?.hours;
  return { ...filter, ...(hours && { from: new Date(now.getTime() - hours * 3_600_000).toISOString() }) };
}

/** How many open ones have all that the filter asks for, as far as counts can tell: they know no time. */
export function countOf(counts: readonly Count[], { queue, kind, reason }: Omit<Filter, "state">): number {
  return counts
    .filter(
      (one) => (!queue || one.queue === queue) && (!kind || one.kind === kind) && (!reason || one.reason === reason),
    )
    .reduce((sum, { count }) => sum + count, 0);
}
