/** The newest page of a list, laid over what was scrolled through before. */
import type { Conversation } from "./filter";

/**
 * The list with its first page as it is now. What the page covers is replaced by it, also where a row is gone; what lies
 * behind its last row stays as it was read.
 */
export function withHead(
  known: readonly Conversation[],
  head: readonly Conversation[],
  isWhole: boolean,
  isByWait: boolean,
): Conversation[] {
  const last = head.at(-1);
  if (isWhole || !last) return [...head];
  const ids = new Set(head.map(({ id }) => id));
  const rest = known.filter((one) => !ids.has(one.id) && isBehind(one, last, isByWait));
  return [...head, ...rest];
}

/** Newest activity first; of the same moment the larger id first. By the wait it is the other way round. */
function isBehind(one: Conversation, other: Conversation, isByWait: boolean): boolean {
  if (isByWait) return isOlder(other, one, (row) => row.awaiting_since ?? "");
  return isOlder(one, other, (row) => row.last_activity_at);
}

function isOlder(one: Conversation, other: Conversation, at: (row: Conversation) => string): boolean {
  const [mine, theirs] = [Date.parse(at(one)), Date.parse(at(other))];
  return mine < theirs || (mine === theirs && one.id < other.id);
}
