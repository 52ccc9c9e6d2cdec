import { expect, it } from "vitest";

import { atSign, mentioned } from "./mentions";

const PEOPLE = [
  { id: "1", name: "Ann" },
  { id: "2", name: "Ann Archer" },
  { id: "3", name: "Ben" },
];

it("finds whom a note names", () => {
  expect(mentioned("@ann archer please look, and @Ben", PEOPLE)).toEqual(["2", "3"]);
  expect(mentioned("@Ann and @Ann Archer", PEOPLE)).toEqual(["2", "1"]);
  expect(mentioned("Ann, ben@example.com", PEOPLE)).toEqual([]);
});

it("offers colleagues behind an @ that begins a word", () => {
  expect(atSign("see @be", 7)).toEqual({ from: 4, to: 7, query: "be" });
  expect(atSign("me@be", 5)).toBeUndefined();
});
