import { describe, expect, it } from "vitest";
import { AVATAR_COLOURS, colourOf, initials } from "./avatar-rules";

describe("initials", () => {
  it.each([
    ["Ada Lovelace", "AL"],
    ["ada king lovelace", "AL"],
    ["Ada", "A"],
    ["  Ada   ", "A"],
    ["élodie ångström", "ÉÅ"],
    ["(Ada) [Lovelace]", "AL"],
    ["小林 さくら", "小"],
    ["محمد عبد الله", "م"],
    ["👩🏽‍🚀 Ray", "👩🏽‍🚀"],
    ["🇨🇭🏔️", "🇨🇭"],
    ["", "?"],
    ["\u200b \u202e", "?"],
    ["---", "?"],
    ["7 Dwarfs", "7"],
    ["A\u0308sa \u0041\u030angstrom", "ÄÅ"],
    ["1\ufe0f\u20e3 One", "1\ufe0f\u20e3"],
  ])("of %j are %j", (name, wanted) => {
    expect(initials(name)).toBe(wanted);
  });

  it("of half a surrogate pair are not an error", () => {
    expect(initials("\ud83d Ada")).toBe("A");
  });
});

describe("colourOf", () => {
  it("is the same for the same name, whatever its capitals and its encoding", () => {
    expect(colourOf("ada lovelace")).toBe(colourOf("Ada Lovelace"));
    expect(colourOf("Zoe\u0308")).toBe(colourOf("Zo\u00eb"));
  });

  it("uses every colour", () => {
    const used = new Set(Array.from({ length: 200 }, (_, index) => colourOf(`Person ${index}`)));
    expect([...used].toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: AVATAR_COLOURS }, (_, at) => at),
    );
  });
});
