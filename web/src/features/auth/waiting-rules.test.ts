import { expect, it } from "vitest";

import { clockOf, retryAfter, wordsOf } from "./waiting-rules";

it("counts down like a clock and speaks in words", () => {
  expect([7, 60, 61, 900].map(clockOf)).toEqual(["0:07", "1:00", "1:01", "15:00"]);
  expect([1, 7, 60, 61, 900].map(wordsOf)).toEqual(["1 second", "7 seconds", "1 minute", "2 minutes", "15 minutes"]);
});

it("reads both forms of Retry-After and doubts the rest", () => {
  const now = new Date("2026-01-01T00:00:00Z");
  expect(retryAfter("16", now)).toBe(16);
  expect(retryAfter("0", now)).toBe(1);
  expect(retryAfter("Thu, 01 Jan 2026 00:01:30 GMT", now)).toBe(90);
  expect(retryAfter("Wed, 31 Dec 2025 23:00:00 GMT", now)).toBe(1);
  for (const header of [null, "soon", "-5"]) expect(retryAfter(header, now)).toBe(60);
});
