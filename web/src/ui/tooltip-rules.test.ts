import { expect, it } from "vitest";

import { placeTooltip } from "./tooltip-rules";

const view = { width: 400, height: 300 };
const own = { width: 100, height: 24 };

it("stands centred below its control", () => {
  expect(placeTooltip({ left: 180, top: 100, width: 40, height: 32 }, own, view)).toEqual({ left: 150, top: 138 });
});

it("goes above where there is no room below", () => {
  expect(placeTooltip({ left: 180, top: 260, width: 40, height: 32 }, own, view).top).toBe(230);
});

it.each([
  [0, 8],
  [380, 292],
])("stays inside the window beside a control at %i", (left, expected) => {
  expect(placeTooltip({ left, top: 0, width: 20, height: 20 }, own, view).left).toBe(expected);
});
