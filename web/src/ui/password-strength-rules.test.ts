import { describe, expect, it } from "vitest";
import { strengthOf } from "./password-strength-rules";

describe("strengthOf", () => {
  it.each([
    ["", "empty"],
    ["Tr0ub4dor&3", "short"],
    ["aaaaaaaaaaaaaaaa", "weak"],
    ["abcdefghijklmnop", "weak"],
    ["Password12345", "weak"],
    ["qwertyuiopasdf", "weak"],
    ["kettle orbit willow", "strong"],
    ["v9$Lq!2xTz#8Rw", "strong"],
  ] as const)("of %j is %s", (password, wanted) => {
    expect(strengthOf(password)).toBe(wanted);
  });

  it("counts characters as the server does, not code units", () => {
    expect(strengthOf("🦊🦉🐢🐙🦔🐝")).toBe("short");
  });

  it("does not fall when a password becomes longer", () => {
    const order = ["empty", "short", "weak", "fair", "strong"];
    const ranks = Array.from({ length: 24 }, (_, length) =>
      order.indexOf(strengthOf("xkcd horse battery staple".slice(0, length))),
    );
    expect(ranks).toEqual(ranks.toSorted((one, other) => one - other));
  });
});
