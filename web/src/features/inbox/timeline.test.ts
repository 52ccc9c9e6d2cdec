import { expect, it } from "vitest";

import { aConversation, aMessage } from "./samples";
import { happenings, newerThan, rowsOf, type Row } from "./timeline";

const at = (time: string, changes: Parameters<typeof aMessage>[0] = {}) =>
  aMessage({ id: `msg_${time}`, provider_at: new Date(`2026-11-${time}`).toISOString(), ...changes });
const NOTHING = { messages: [], notes: [], gaps: [], events: [], pending: [], hasOlder: false };
const of = (sources: Partial<Parameters<typeof rowsOf>[0]>) =>
  rowsOf({ ...NOTHING, keyOf: ({ id }) => id, ...sources });
const kinds = (rows: Row[]) => rows.map(({ kind }) => kind);
const note = (time: string) => ({
  id: `note_${time}`,
  conversation_id: "conv_1",
  author_name: "Ann",
  body: "Look",
  mentions: [],
  created_at: new Date(`2026-11-${time}`).toISOString(),
});
const gap = (time: string) => ({
  id: `gap_${time}`,
  account_id: "chan_1",
  from_at: new Date(`2026-11-${time}`).toISOString(),
  opened_at: new Date(`2026-11-${time}`).toISOString(),
  reason: "silence",
  state: "open" as const,
  recovered: 0,
});

it("orders by the platform's time, whatever came first, with the days between", () => {
  const rows = of({ messages: [at("22T09:00"), at("21T12:00"), at("21T11:00")] });
  expect(rows.map(({ key }) => key.replace(/^day.*/, "day"))).toEqual([
    "day",
    "msg_21T11:00",
    "msg_21T12:00",
    "day",
    "msg_22T09:00",
  ]);
});

it("orders messages of one moment by their arrival", () => {
  const rows = of({ messages: [at("21T12:00", { id: "b", seq: 2 }), at("21T12:00", { id: "a", seq: 1 })] });
  expect(rows.map(({ key }) => key).slice(1)).toEqual(["a", "b"]);
});

it("draws messages of one author within minutes as one turn", () => {
  const rows = of({
    messages: [
      at("21T12:00"),
      at("21T12:04"),
      at("21T12:10"),
      at("21T12:11", { direction: "out", author_kind: "user", author_id: "usr_1" }),
      at("21T12:12", { direction: "out", author_kind: "user", author_id: "usr_2" }),
    ],
  });
  const turns = rows.flatMap((row) => (row.kind === "message" ? [[row.begins, row.ends]] : []));
  expect(turns).toEqual([
    [true, false],
    [false, true],
    [true, true],
    [true, true],
    [true, true],
  ]);
});

it("puts notes, gaps and events where they belong, and what is being sent at the end", () => {
  const pending = [
    {
      key: "sending 1",
      conversation: "conv_1",
      text: "Yes",
      files: [],
      takesOver: false,
      at: "",
      by: "user_1",
      after: 2,
      header: { "Idempotency-Key": "k" },
    },
  ];
  const rows = of({
    messages: [at("21T12:00"), at("21T14:00")],
    notes: [note("21T13:00")],
    gaps: [gap("21T12:30")],
    events: [{ at: new Date("2026-11-21T11:00").toISOString(), text: "The conversation began" }],
    pending,
  });
  expect(kinds(rows)).toEqual(["day", "event", "message", "gap", "note", "message", "pending"]);
});

it("keeps back what belongs before messages that are not here yet", () => {
  const rows = of({ messages: [at("21T12:00")], notes: [note("20T10:00"), note("21T13:00")], hasOlder: true });
  expect(kinds(rows)).toEqual(["day", "message", "note"]);
});

it("shows notes where nothing was said yet", () => {
  expect(kinds(of({ notes: [note("21T13:00")] }))).toEqual(["day", "note"]);
});

it("says once that a conversation is closed", () => {
  const closed = aConversation({ status: "closed", closed_at: "2026-11-21T13:00:00Z" });
  const heard = [{ at: "2026-11-21T13:00:00.1Z", text: "Closed" }];
  expect(happenings(closed, heard, NOTHING).filter(({ text }) => text === "Closed")).toHaveLength(1);
  const open = happenings(aConversation(), heard, NOTHING);
  expect(open.map(({ text }) => text)).toEqual(["The conversation began", "Closed"]);
});

it("puts the beginning above the first message, of which the platform knew before us", () => {
  const messages = [at("21T12:01"), at("21T12:00")];
  const conversation = aConversation({ created_at: new Date("2026-11-21T12:00:03").toISOString() });
  const drawn = (hasOlder: boolean) =>
    kinds(of({ messages, hasOlder, events: happenings(conversation, [], { messages, hasOlder }) }));
  expect(drawn(false)).toEqual(["day", "event", "message", "message"]);
  // Where it began is not known before all of it is here.
  expect(drawn(true)).toEqual(["day", "message", "message"]);
});

it("counts what came in behind the place where one reads", () => {
  const rows = of({
    messages: [at("21T12:00"), at("21T12:01"), at("21T12:02", { direction: "out" }), at("21T12:03")],
  });
  expect(newerThan(rows, "msg_21T12:00")).toBe(2);
  expect(newerThan(rows, "msg_21T12:03")).toBe(0);
  expect(newerThan(rows, undefined)).toBe(0);
  expect(newerThan(rows, "gone")).toBe(0);
});
