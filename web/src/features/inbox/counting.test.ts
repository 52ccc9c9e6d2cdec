import { describe, expect, it } from "vitest";

import { count, countText, measure } from "./counting";

describe("characters and bytes", () => {
  it("counts a character outside the basic plane once", () => expect(measure("characters", "a😀é")).toBe(3));
  it("counts bytes as they are sent", () => expect(measure("bytes", "a😀é")).toBe(7));
  it("does not count the white space around it, which is not sent", () =>
    expect(measure("characters", "  a b \n")).toBe(3));
});

describe("as X weighs", () => {
  it.each([
    ["", 0],
    ["hello world", 11],
    ["日本語", 6],
    ["😀", 2],
    ["👨‍👩‍👧‍👦", 2],
    ["👍🏽", 2],
    ["🇩🇪", 2],
    ["🇩🇪🇫🇷", 4],
    ["see https://example.com/a/very/long/address/that/goes/on", 27],
    ["http://localhost", 16],
    ["HTTPS://EXAMPLE.COM", 23],
    ["ünïcödé – “quoted”", 18],
  ])("%s weighs %i", (text, weight) => expect(measure("weighted", text)).toBe(weight));
});

it("says when a text is too long, and when nearly", () => {
  expect(count("characters", "a".repeat(80), 100)).toMatchObject({ length: 80, isNear: false, isOver: false });
  expect(count("characters", "a".repeat(81), 100)).toMatchObject({ isNear: true, isOver: false });
  expect(count("characters", "a".repeat(101), 100)).toMatchObject({ isNear: true, isOver: true });
});

it("names the unit", () => {
  expect(countText(count("bytes", "é", 1000), "bytes")).toBe("2 of 1000 bytes");
  expect(countText(count("weighted", "a", 280), "weighted")).toBe("1 of 280 characters, as X counts");
});
