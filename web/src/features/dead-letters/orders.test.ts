import { describe, expect, it } from "vitest";

import { doneOf, lettersOf, rateOf } from "./orders";

describe("an order about dead letters", () => {
  it("says how many it was carried out for", () => {
    expect(lettersOf(1)).toBe("1 dead letter");
    expect(lettersOf(1200)).toBe("1,200 dead letters");
    expect(doneOf("Replayed", 3, 3)).toEqual({ title: "Replayed 3 dead letters" });
    expect(doneOf("Replayed", 2, 3).title).toBe("Replayed 2 of 3 dead letters");
  });

  it("has a rate, or none", () => {
    expect(rateOf("  ")).toBeUndefined();
    expect([" 2 ", "0.5", "0,5", "1000"].map(rateOf)).toEqual([2, 0.5, 0.5, 1000]);
    expect(["0", "-1", "1001", "many", "1e2", "0.001"].map(rateOf)).toEqual(Array(6).fill(Number.NaN));
  });
});
