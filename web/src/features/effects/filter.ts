/** Which acts are shown: kept in the URL, sent to the server. */
import { withParams, type Changes } from "@/lib/address";
import type { Schemas } from "@/lib/api";

export type Act = Schemas["Act"];
export type ActState = Schemas["State"];

export interface Filter {
  state?: ActState;
  kind?: string;
  /** What it is for; both or none. */
  about_kind?: string;
  about_id?: string;
}

export const NAMES = ["state", "kind", "about_kind", "about_id"] as const;

/** In the order in which an act goes through them. */
export const STATES: Record<ActState, { label: string; means: string }> = {
  planned: { label: "Planned", means: "It is intended, and nothing has left yet." },
  claimed: { label: "About to be sent", means: "A worker has taken it on, and nothing has left yet." },
  dispatched: { label: "Sent", means: "It was sent, and the answer is awaited." },
  confirmed: { label: "Done", means: "The other system has confirmed it." },
  failed: { label: "Failed", means: "The other system refused it, or it surely did not take place." },
  unknown: {
    label: "Not known",
    means: "It was sent and no answer came. It is being found out; it is not sent again blindly.",
  },
  cancelled: { label: "Cancelled", means: "It was called off before anything left." },
};

export const isState = (text: string): text is ActState => Object.hasOwn(STATES, text);

/** As kinds and ids are written. */
const WORD = /^[\w.:/-]{1,80}$/;

/** The filter that an address holds; what is none is left out. */
export function filterOf(search: URLSearchParams): Filter {
  const text = (name: (typeof NAMES)[number]) => {
    const value = search.get(name)?.trim();
    return value && WORD.test(value) ? value : undefined;
  };
  const [state, kind, aboutKind, aboutId] = NAMES.map(text);
  return {
    ...(state && isState(state) && { state }),
    ...(kind && { kind }),
    ...(aboutKind && aboutId && { about_kind: aboutKind, about_id: aboutId }),
  };
}

/** The address with this part of the filter set, or dropped; the opened act may not be in the new list. */
export function withFilter(search: URLSearchParams, changes: Changes<keyof Filter>): URLSearchParams {
  return withParams(search, { ...changes, act: undefined });
}
