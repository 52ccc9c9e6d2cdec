/**
 * A conversation as it is drawn: messages by the platform's time with days between them, notes and gaps where they belong,
 * and at the end what is being sent.
 */
import type { Schemas } from "@/lib/api";

import type { Pending } from "./outbox-rules";
import type { Gap, Message } from "./words";

type Note = Schemas["ConversationNote"];

/** A small grey line. */
export interface Happening {
  at: string;
  text: string;
}

export type Row =
  | { kind: "day"; key: string; at: string }
  | { kind: "message"; key: string; message: Message; begins: boolean; ends: boolean }
  | { kind: "note"; key: string; note: Note }
  | { kind: "gap"; key: string; gap: Gap }
  | { kind: "event"; key: string; at: string; text: string }
  | { kind: "pending"; key: string; pending: Pending };

interface Sources {
  messages: readonly Message[];
  notes: readonly Note[];
  gaps: readonly Gap[];
  events: readonly Happening[];
  pending: readonly Pending[];
  /** There are older messages on the server: what belongs before the oldest that is here has no place yet. */
  hasOlder: boolean;
  /** The key under which a message was drawn while it was being sent. */
  keyOf: (message: Message) => string;
}

type Timed = { at: number; order: number; row: Row };

/** Of what happened at the same moment, what opens comes before what is said in it. */
const ORDER = { event: 0, gap: 1, message: 2, note: 3 };

export function rowsOf({ messages, notes, gaps, events, pending, hasOlder, keyOf }: Sources): Row[] {
  const timed: Timed[] = [
    ...messages.map((message): Timed => {
      const row: Row = { kind: "message", key: keyOf(message), message, begins: true, ends: true };
      return { at: Date.parse(message.provider_at), order: ORDER.message + message.seq / 1e9, row };
    }),
    ...notes.map((note): Timed => {
      return { at: Date.parse(note.created_at), order: ORDER.note, row: { kind: "note", key: note.id, note } };
    }),
    ...gaps.map((gap): Timed => {
      return { at: Date.parse(gap.from_at), order: ORDER.gap, row: { kind: "gap", key: gap.id, gap } };
    }),
    ...events.map(({ at, text }): Timed => {
      return { at: Date.parse(at), order: ORDER.event, row: { kind: "event", key: `${at} ${text}`, at, text } };
    }),
  ];
  const oldest = Math.min(...messages.map(({ provider_at: at }) => Date.parse(at)));
  const placed = timed
    .filter(({ at }) => !hasOlder || at >= oldest)
    .toSorted((one, other) => one.at - other.at || one.order - other.order);
  return [
    ...grouped(withDays(placed)),
    ...pending.map((one): Row => ({ kind: "pending", key: one.key, pending: one })),
  ];
}

function withDays(timed: readonly Timed[]): Row[] {
  const rows: Row[] = [];
  let day = "";
  for (const { at, row } of timed) {
    const date = new Date(at);
    const next = date.toDateString();
    if (next !== day) rows.push({ kind: "day", key: `day ${next}`, at: date.toISOString() });
    day = next;
    rows.push(row);
  }
  return rows;
}

/** Messages of one author within so much time are drawn as one turn. */
const TURN_MS = 5 * 60_000;

function grouped(rows: readonly Row[]): Row[] {
  return rows.map((row, index) => {
    if (row.kind !== "message") return row;
    const begins = !isOneTurn(rows[index - 1], row);
    const ends = !isOneTurn(row, rows[index + 1]);
    return { ...row, begins, ends };
  });
}

function isOneTurn(before: Row | undefined, after: Row | undefined): boolean {
  if (before?.kind !== "message" || after?.kind !== "message") return false;
  const [one, other] = [before.message, after.message];
  return (
    one.author_kind === other.author_kind &&
    (one.author_id ?? "") === (other.author_id ?? "") &&
    Date.parse(other.provider_at) - Date.parse(one.provider_at) < TURN_MS
  );
}

/** What is known to have happened besides what was said. */
export function happenings(
  conversation: Schemas["Conversation"],
  heard: readonly Happening[],
  { messages, hasOlder }: Pick<Sources, "messages" | "hasOlder">,
): Happening[] {
  const { closed_at: closed, status } = conversation;
  const known: Happening[] = [
    ...(hasOlder ? [] : [beginning(conversation, messages)]),
    ...(closed && status === "closed" ? [{ at: closed, text: "Closed" }] : []),
  ];
  // What was heard while one looked says the same once more.
  const isNews = ({ text }: Happening) => !(closed && status === "closed" && text === "Closed");
  return [...known, ...heard.filter(isNews)];
}

/** It began when the first message was said, which we heard of a little later. */
function beginning({ created_at: heardOf }: Schemas["Conversation"], messages: readonly Message[]): Happening {
  const first = Math.min(Date.parse(heardOf), ...messages.map(({ provider_at: at }) => Date.parse(at)));
  return { at: new Date(first).toISOString(), text: "The conversation began" };
}

/** How many messages came in behind this one. */
export function newerThan(rows: readonly Row[], key: string | undefined): number {
  if (key === undefined) return 0;
  const place = rows.findIndex((row) => row.key === key);
  if (place < 0) return 0;
  return rows.slice(place + 1).filter((row) => row.kind === "message" && row.message.direction === "in").length;
}
