import { expect, it } from "vitest";

import { countdown, duration, waitingOf } from "./waiting";

const NOW = new Date("2026-11-21T12:00:00Z");
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000).toISOString();
const ahead = (minutes: number) => ago(-minutes);

/** Somebody waits for so long, of an hour. */
const waits = (minutes: number) => waitingOf({ awaiting_since: ago(minutes), answer_due_at: ago(minutes - 60) }, NOW);

it.each([
  [0, { text: "Due in 1 h", sla: undefined }],
  [44, { text: "Due in 16 min", sla: undefined }],
  [45, { text: "Due in 15 min", sla: "due_soon" }],
  [59.5, { text: "Due now", sla: "due_soon" }],
  [60, { text: "Overdue", sla: "overdue" }],
  [180, { text: "Overdue by 2 h", sla: "overdue" }],
  [3000, { text: "Overdue by 2 days", sla: "overdue" }],
])("says after %f of 60 minutes when the answer is due", (minutes, said) => expect(waits(minutes)).toEqual(said));

it("says nothing when nobody waits", () => {
  expect(waitingOf({ awaiting_since: null, answer_due_at: null }, NOW)).toBeUndefined();
  expect(waitingOf({}, NOW)).toBeUndefined();
  expect(waitingOf({ awaiting_since: "never", answer_due_at: "never" }, NOW)).toBeUndefined();
});

it("names one unit", () => {
  expect(duration(59_000)).toBe("less than a minute");
  expect(duration(24 * 3_600_000)).toBe("1 day");
});

it("counts a window down, to the minute at its end", () => {
  expect(countdown(null, NOW)).toBeUndefined();
  expect(countdown("sometime", NOW)).toBeUndefined();
  expect(countdown(ahead(23 * 60 + 59), NOW)).toEqual({ text: "23 h left to answer", isSoon: false });
  expect(countdown(ahead(119), NOW)).toEqual({ text: "1 h 59 min left to answer", isSoon: true });
  expect(countdown(ahead(5), NOW)).toEqual({ text: "5 min left to answer", isSoon: true });
  expect(countdown(ago(1), NOW)).toEqual({ text: "The time to answer is over", isSoon: true });
});
