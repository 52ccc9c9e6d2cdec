/** How far a message about an alert is. */
import type { Schemas } from "@/lib/api";

export type Notice = Schemas["AlertNotice"];
type State = Notice["state"];

const DUE: ReadonlySet<State> = new Set<State>(["planned", "claimed", "dispatched"]);

/** It will still change. */
export const isDue = ({ state }: { state: State }): boolean => DUE.has(state);
