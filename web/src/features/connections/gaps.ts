/** Times in which messages may be missing, in words. */
import type { Schemas } from "@/lib/api";

type Gap = Schemas["ChannelGap"];

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

const isSameDay = (one: Date, other: Date) => one.toDateString() === other.toDateString();

/** "10:02–11:40"; with the day where it is not today's. */
export function spanOf({ from_at: from, until_at: until }: Pick<Gap, "from_at" | "until_at">, now: Date): string {
  const begin = new Date(from);
  const begins = (isSameDay(begin, now) ? time : dayAndTime).format(begin);
  if (!until) return `since ${begins}`;
  const end = new Date(until);
  return `${begins}–${(isSameDay(begin, end) ? time : dayAndTime).format(end)}`;
}

/** What the reader has to believe of that time. */
export function wordsOf(gap: Gap, now: Date): string {
  const span = spanOf(gap, now);
  const found = `${gap.recovered} ${gap.recovered === 1 ? "message was" : "messages were"} fetched afterwards`;
  switch (gap.state) {
    case "open":
      return `Messages may be missing ${span}. They are fetched as soon as that is possible.`;
    case "lost":
      return `Messages may be missing ${span}. The platform cannot give them back${gap.recovered > 0 ? `; ${found}` : ""}.`;
    default:
      return `Nothing is missing ${span}: ${found}.`;
  }
}

/** Those that are worth a line on a card. */
export const worrying = (gaps: readonly Gap[]): Gap[] => gaps.filter(({ state }) => state !== "closed");
