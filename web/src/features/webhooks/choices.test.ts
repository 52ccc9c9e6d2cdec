import { expect, it } from "vitest";

import { countOf, found, groupsOf, isChosen, withGroup, wordsOf } from "./choices";

const event = (name: string, summary: string) => ({ name, summary });
const groups = groupsOf([
  event("user.renamed", "Somebody's name changed."),
  event("user.renamed", "The same in another version."),
  event("user.removed", "Somebody left the workspace."),
  event("lead.scored", "A lead got a score."),
  event("webhook.test", "A test."),
]);
const [people] = groups;

it("groups events by what they are about, without the one that nobody has to choose", () => {
  expect(groups.map(({ title, events }) => [title, events.length])).toEqual([
    ["People", 2],
    ["Lead", 1],
  ]);
});

it("finds events by their name, their sentence and their group", () => {
  const names = (search: string) => found(groups, search).flatMap(({ events }) => events.map(({ name }) => name));
  expect(names("LEFT workspace")).toEqual(["user.removed"]);
  expect(names("people")).toEqual(["user.renamed", "user.removed"]);
  expect(names("  ")).toHaveLength(3);
  expect(names("nothing")).toEqual([]);
});

it("takes a whole group in place of its single events", () => {
  if (!people) throw new Error("there is a first group");
  expect(withGroup(["user.renamed", "lead.scored"], people, true)).toEqual(["lead.scored", "user.*"]);
  expect(withGroup(["user.*", "lead.scored"], people, false)).toEqual(["lead.scored"]);
});

it.each([
  ["*", true],
  ["user.*", true],
  ["user.renamed", true],
  ["user.removed", false],
  ["user", false],
])("%s stands for user.renamed: %s", (choice, expected) => {
  expect(isChosen([choice], "user.renamed")).toBe(expected);
});

it("counts and names what was chosen", () => {
  expect(countOf(groups, ["user.*", "lead.scored"])).toBe(3);
  expect(wordsOf(["*"])).toBe("everything");
  expect(wordsOf(["user.*", "lead.scored"])).toBe("all of People, lead.scored");
  expect(wordsOf(["constructor.*"])).toBe("all of Constructor");
});
