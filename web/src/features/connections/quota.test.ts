import { describe, expect, it } from "vitest";

import { isScarce, linesOf } from "./quota";

describe("what a platform said of its limits", () => {
  it("is told in shares where they are percentages", () => {
    const lines = linesOf({ call_count: 97, total_time: 23, total_cputime: 0 });
    expect(lines[0]).toEqual({ name: "Calls", value: "97 % used", share: 0.97 });
    expect(isScarce(lines)).toBe(true);
  });

  it("is found inside Meta's lists", () => {
    const lines = linesOf({ "106728": [{ type: "pages", call_count: 20, estimated_time_to_regain_access: 0 }] });
    expect(lines.map(({ name, value }) => `${name}: ${value}`)).toEqual([
      "Type: pages",
      "Calls: 20 % used",
      "Minutes until calls are taken again: 0",
    ]);
    expect(isScarce(lines)).toBe(false);
  });

  it("is put together where X tells limit and rest", () => {
    expect(linesOf({ limit: 15, remaining: 3, reset: 1_760_000_000 })).toEqual([
      { name: "Calls left", value: "3 of 15", share: 0.8 },
      { name: "Reset", value: "1760000000" },
    ]);
  });

  it("says what is left of what", () => {
    const lines = linesOf({ messages: { limit: 15, remaining: 3 }, message_reads: { limit: 15, remaining: 14 } });
    expect(lines.map(({ name, value }) => `${name}: ${value}`)).toEqual([
      "Messages left: 3 of 15",
      "Message reads left: 14 of 15",
    ]);
  });

  it.each([null, undefined, [], {}, true, { a: { b: { c: { d: { e: { f: 1 } } } } } }])("survives %j", (quota) => {
    expect(linesOf(quota)).toEqual([]);
  });

  it("ends somewhere", () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`n${index}`, index]));
    expect(linesOf(many)).toHaveLength(8);
  });
});
