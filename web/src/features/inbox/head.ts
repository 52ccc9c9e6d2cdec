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
): Conversation[] {
  const last = head.at(-1);
  if (isWhole || !last) return [...head];
  const ids = new Set(head.map(({ id }) => id));
  const rest = known.filter((one) => !ids.has(one.id) && isBehind(one, last));
  return [...head, ...rest];
}

/** Newest activity first; of the same moment the larger id first. */
export function isBehind(one: Conversation, other: Conversation): boolean {
  const [mine, theirs] = [Date.parse(one.last_activity_at), Date.parse(other.last_activity_at)];
  return mine < theirs || (mine === theirs && one.id < other.id);
}
