import { expect, it } from "vitest";

import { countdown, duration, waitingOf } from "./waiting";

const NOW = new Date("2026-11-21T12:00:00Z");
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000).toISOString();
const ahead = (minutes: number) => ago(-minutes);

it.each([
  [9, undefined],
  [10, { text: "Waits 10 min", urgency: "none" }],
  [60, { text: "Waits 1 h", urgency: "long" }],
  [479, { text: "Waits 7 h", urgency: "long" }],
  [480, { text: "Waits 8 h", urgency: "too_long" }],
  [3000, { text: "Waits 2 days", urgency: "too_long" }],
])("after %i minutes", (minutes, said) => expect(waitingOf(ago(minutes), NOW)).toEqual(said));

it("says nothing when nobody waits", () => {
  expect(waitingOf(null, NOW)).toBeUndefined();
  expect(waitingOf("never", NOW)).toBeUndefined();
  expect(waitingOf(ahead(5), NOW)).toBeUndefined();
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
