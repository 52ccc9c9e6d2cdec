import { expect, it } from "vitest";

import { dayOf, expiryOf } from "./expiry";

const opened = new Date(2026, 2, 1, 12);

it("counts days from the opening of the form", () => {
  expect(expiryOf("30", "", opened)).toBe(new Date(opened.getTime() + 30 * 86_400_000).toISOString());
  expect(expiryOf("never", "", opened)).toBeNull();
});

it("lasts to the end of the chosen day", () => {
  expect(expiryOf("date", "2026-03-01", opened)).toBe(new Date(2026, 2, 1, 23, 59, 59).toISOString());
  expect(dayOf(opened)).toBe("2026-03-01");
});
