/** What somebody is about to do, to which letters. */
import { formatNumber } from "@/lib/format";

import type { Selection } from "./queries";

export interface Order {
  does: "replay" | "discard";
  select: Selection;
  /** How many, as far as is known when it is asked. */
  count: number;
  /** What it is called when it is one. */
  what?: string;
}

export const lettersOf = (count: number): string =>
  count === 1 ? "1 dead letter" : `${formatNumber(count)} dead letters`;

/** "3 of 5 dead letters": somebody else settled the others meanwhile. */
export function doneOf(verb: string, count: number, asked: number): { title: string; description?: string } {
  if (count >= asked) return { title: `${verb} ${lettersOf(count)}` };
  return {
    title: `${verb} ${formatNumber(count)} of ${lettersOf(asked)}`,
    description: "The others were settled by somebody else meanwhile, or are too many for one order.",
  };
}

/** What was typed as a rate: `undefined` for nothing, which is all at once, and NaN for what is none. */
export function rateOf(text: string): number | undefined {
  const typed = text.trim().replace(",", ".");
  if (typed === "") return undefined;
  const rate = /^\d+(\.\d+)?$/.test(typed) ? Number(typed) : Number.NaN;
  return rate >= 0.01 && rate <= 1000 ? rate : Number.NaN;
}
