/** What was heard to happen to conversations while this page was open: the small grey lines between messages. */
import { create } from "zustand";

import type { LiveEvent } from "@/lib/live";

import type { Happening } from "./timeline";

const TEXTS: Record<string, string> = {
  "conversation.assigned": "Given to somebody else, or to nobody",
  "conversation.snoozed": "Put off",
  "conversation.woken": "Open again: the time it was put off to has come",
  "conversation.closed": "Closed",
  "conversation.reopened": "Opened again",
  "conversation.machine_paused": "The machine was told to be silent here",
  "conversation.machine_resumed": "The machine may answer here again",
};

/** Older ones are dropped. */
const MOST = 50;

export const useHeard = create<{ of: Record<string, Happening[]> }>(() => ({ of: {} }));

export function hear({ action, entity_id: id, at }: LiveEvent): void {
  const text = TEXTS[action];
  if (!text) return;
  useHeard.setState(({ of }) => ({ of: { ...of, [id]: [...(of[id] ?? []), { at, text }].slice(-MOST) } }));
}
