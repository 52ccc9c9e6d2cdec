import { expect, it } from "vitest";

import { clockHint } from "./clock-hint";

it("says nothing of a clock that is right enough", () => {
  for (const skew of [0, 2000, -29_000]) expect(clockHint(skew)).toBe("");
});

it("says how wrong the clock is, and in which direction", () => {
  expect(clockHint(240_000)).toContain("4 minutes slow");
  expect(clockHint(-45_000)).toContain("1 minute fast");
  expect(clockHint(-3 * 3_600_000)).toContain("3 hours fast");
});
