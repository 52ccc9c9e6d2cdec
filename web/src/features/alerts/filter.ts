/** Which alerts are shown: kept in the URL, sent to the server. */
import { withParams, type Changes } from "@/lib/address";
import type { Schemas } from "@/lib/api";

import { SEVERITIES, type Severity } from "./words";

export type Alert = Schemas["Alert"];
export type AlertState = "open" | "resolved" | "any";

export interface Filter {
  state: AlertState;
  severity?: Severity;
  rule?: string;
}

export const NAMES = ["state", "severity", "rule"] as const;
type Name = (typeof NAMES)[number];

export const STATES: { value: AlertState; label: string }[] = [
  { value: "open", label: "Open" },
  { value: "resolved", label: "Over" },
  { value: "any", label: "All" },
];

/** As rules are named. */
const WORD = /^[\w.]{1,80}$/;

/** The filter that an address holds; what is none, such as a state that there is not, is left out. */
export function filterOf(search: URLSearchParams): Filter {
  const rule = search.get("rule")?.trim();
  const severity = SEVERITIES.find(({ value }) => value === search.get("severity"))?.value;
  return {
    state: STATES.find(({ value }) => value === search.get("state"))?.value ?? "open",
    ...(severity && { severity }),
    ...(rule && WORD.test(rule) && { rule }),
  };
}

/** The address with this part of the filter set, or dropped. */
export function withFilter(search: URLSearchParams, changes: Changes<Name>): URLSearchParams {
  const isUsual = changes.state === "open";
  return withParams(search, { ...changes, ...(isUsual && { state: undefined }) });
}

/** How many parts of it somebody has set. */
export const countOf = ({ state, severity, rule }: Filter): number =>
  [state !== "open", severity, rule].filter(Boolean).length;

/** As the server wants it. */
export const queryOf = ({ state, ...filter }: Filter) => ({ ...filter, ...(state !== "any" && { state }) });
