/** The messages of a conversation, in the order of the hub's times, each once. */
import type { Message } from "./protocol.ts";

/** Put where it belongs; in the place of the one with the same id, when there is one. */
export function withMessage(messages: readonly Message[], message: Message): Message[] {
  const known = messages.findIndex(({ id }) => id === message.id);
  if (known >= 0) return messages.with(known, message);
  const at = Date.parse(message.at);
  // From behind: what comes is nearly always the newest.
  const before = Number.isNaN(at)
    ? messages.length - 1
    : messages.findLastIndex((other) => !(Date.parse(other.at) > at));
  return messages.toSpliced(before + 1, 0, message);
}

/** What others wrote behind the message that the visitor has seen last. */
export function unread(messages: readonly Message[], seen: string | null): number {
  const from = seen === null ? -1 : messages.findIndex(({ id }) => id === seen);
  return messages.slice(from + 1).filter((message) => message.from !== "visitor" && !message.is_unsent).length;
}

/** The later of two marks; one that is not in the list is older than the list. */
export function laterMark(messages: readonly Message[], one: string | null, other: string | null): string | null {
  const place = (id: string | null) => messages.findIndex((message) => message.id === id);
  return place(other) > place(one) ? other : (one ?? other);
}
