/** Answers that were sent from this page and are not among the server's messages yet. */
import type { Schemas } from "@/lib/api";
import type { IdempotencyHeader } from "@/lib/idempotency";

type Message = Schemas["Message"];
type Attachment = Schemas["Attachment"];

export interface Pending {
  /** The key of its bubble, which stays when the message has come. */
  key: string;
  conversation: string;
  text: string;
  /** With the server already; drawn as those of a message. */
  files: Attachment[];
  takesOver: boolean;
  at: string;
  /** Who sends it. */
  by: string;
  /** The last message of the conversation that was known then; what it becomes comes after. */
  after: number;
  /** Sent again under the same key it is carried out once. */
  header: IdempotencyHeader;
  /** Why the server did not take it. */
  error?: unknown;
}

export interface Outbox {
  pending: Pending[];
  /** Under which key a message was drawn before it had an id. */
  keys: Record<string, string>;
}

export const EMPTY: Outbox = { pending: [], keys: {} };

export const begun = (outbox: Outbox, one: Pending): Outbox => ({
  ...outbox,
  pending: [...outbox.pending.filter(({ key }) => key !== one.key), one],
});

/** The server took it: from now on it is one of its messages, drawn where the bubble stood. */
export const taken = (outbox: Outbox, key: string, id: string): Outbox => ({
  pending: outbox.pending.filter((one) => one.key !== key),
  keys: { ...outbox.keys, [id]: key },
});

/**
 * The server's message may be read before its answer to the sending comes, or that answer may be lost: it takes the
 * bubble's place all the same, so that nobody sees it twice.
 */
export function withArrived(outbox: Outbox, messages: readonly Message[]): Outbox {
  return outbox.pending.reduce((now, one) => {
    const arrived = messages
      .filter((message) => isOf(message, one) && !(message.id in now.keys))
      .toSorted((first, second) => first.seq - second.seq)[0];
    return arrived ? taken(now, one.key, arrived.id) : now;
  }, outbox);
}

const isOf = (message: Message, { conversation, text, by, after }: Pending): boolean =>
  message.conversation_id === conversation &&
  message.direction === "out" &&
  message.author_id === by &&
  message.seq > after &&
  message.text === text;

export const refused = (outbox: Outbox, key: string, error: unknown): Outbox => ({
  ...outbox,
  pending: outbox.pending.map((one) => (one.key === key ? { ...one, error } : one)),
});

export const dropped = (outbox: Outbox, key: string): Outbox => ({
  ...outbox,
  pending: outbox.pending.filter((one) => one.key !== key),
});

export const pendingIn = ({ pending }: Outbox, conversation: string): Pending[] =>
  pending.filter((one) => one.conversation === conversation);

/** Later states count; of two readings of one message the later one wins, whichever came first. */
const FURTHER = ["queued", "unknown", "sent", "delivered", "read"];

/**
 * The newest page as it is now, before what was read earlier: new messages come in, known ones are replaced, and those
 * that are older than the page stay.
 */
export function withNewest(known: readonly Message[], newest: readonly Message[]): Message[] {
  const fresh = new Map(newest.map((message) => [message.id, message]));
  const last = newest.at(-1);
  const older = known.filter((message) => !fresh.has(message.id) && (!last || isBefore(message, last)));
  const missed = known.filter((message) => !fresh.has(message.id) && last && !isBefore(message, last));
  // What was sent in this moment may not be in a page that was read a moment before.
  const ahead = missed.filter((message) => message.direction === "out" && message.state === "queued");
  return [
    ...ahead,
    ...newest.map((message) =>
      further(
        message,
        known.find(({ id }) => id === message.id),
      ),
    ),
    ...older,
  ];
}

function further(message: Message, known: Message | undefined): Message {
  if (!known?.state || !message.state) return message;
  const isBack = FURTHER.indexOf(message.state) < FURTHER.indexOf(known.state);
  const isOlder = Date.parse(message.state_at ?? "") < Date.parse(known.state_at ?? "");
  return isBack && isOlder ? { ...message, state: known.state, state_at: known.state_at ?? null } : message;
}

const isBefore = (one: Message, other: Message): boolean =>
  Date.parse(one.provider_at) < Date.parse(other.provider_at) ||
  (one.provider_at === other.provider_at && one.seq < other.seq);

/** Adds one message to the newest page, once. */
export const withMessage = (known: readonly Message[], message: Message): Message[] =>
  known.some(({ id }) => id === message.id)
    ? known.map((one) => (one.id === message.id ? message : one))
    : [message, ...known];
