import { describe, expect, it } from "vitest";
import { findCommands, groupCommands } from "./palette-rules";

const COMMANDS = [
  { id: "users", label: "Users", group: "Go to", keywords: ["people", "members"] },
  { id: "invite", label: "Invite a person", group: "Do", keywords: "new user" },
  { id: "audit", label: "Audit log", group: "Go to" },
  { id: "theme", label: "Change the theme", group: "Do", keywords: "dark light" },
  { id: "cafe", label: "Café Zürich", group: "Switch workspace" },
];

const found = (query: string, recent: string[] = []) => findCommands(COMMANDS, query, recent).map(({ id }) => id);

describe("findCommands", () => {
  it("finds all, in their order, when nothing was typed", () => {
    expect(found("  ")).toEqual(["users", "invite", "audit", "theme", "cafe"]);
  });

  it("takes the words in any order", () => {
    expect(found("log audit")).toEqual(["audit"]);
    expect(found("theme dark")).toEqual(["theme"]);
  });

  it("wants every word to fit", () => {
    expect(found("audit users")).toEqual([]);
  });

  it("puts a fit in the label before one in a keyword", () => {
    expect(found("user")).toEqual(["users", "invite"]);
  });

  it("finds by the beginning, a part, or the letters in order", () => {
    expect(found("aud")).toEqual(["audit"]);
    expect(found("udit")).toEqual(["audit"]);
    expect(found("usrs")).toEqual(["users"]);
  });

  it("does not scatter letters over a whole sentence", () => {
    expect(found("cet")).toEqual([]);
  });

  it("knows no capitals and no accents", () => {
    expect(found("CAFE zurich")).toEqual(["cafe"]);
  });

  it("finds by the group", () => {
    expect(found("workspace")).toEqual(["cafe"]);
  });

  it("puts what was used last first, among what fits equally well", () => {
    expect(found("go to", ["audit"])).toEqual(["audit", "users"]);
    expect(found("user", ["invite"])).toEqual(["users", "invite"]);
  });
});

it("groups come in the order of their best command", () => {
  const groups = groupCommands(findCommands(COMMANDS, "", []));
  expect(groups.map(({ group, items }) => [group, items.length])).toEqual([
    ["Go to", 2],
    ["Do", 2],
    ["Switch workspace", 1],
  ]);
});
