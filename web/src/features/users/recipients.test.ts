import { describe, expect, it } from "vitest";

import { guessName, readRecipients, writeRecipients } from "./recipients";

const emails = (text: string) => readRecipients(text).people.map(({ email }) => email);

describe("readRecipients", () => {
  it.each([
    ["one per line", "ann@acme.test\nben@acme.test\n"],
    ["with commas", "ann@acme.test, ben@acme.test"],
    ["with semicolons and spaces", " ann@acme.test ;ben@acme.test; "],
    ["only spaces between", "ann@acme.test ben@acme.test"],
    ["from Windows", "ann@acme.test\r\nben@acme.test\r\n"],
  ])("takes addresses %s", (_, text) => {
    expect(emails(text)).toEqual(["ann@acme.test", "ben@acme.test"]);
  });

  it("takes the name that stands before an address, quoted or not", () => {
    expect(readRecipients('Ann Archer <ann@acme.test>, "Baker, Ben" <ben@acme.test>').people).toEqual([
      { email: "ann@acme.test", name: "Ann Archer" },
      { email: "ben@acme.test", name: "Baker, Ben" },
    ]);
  });

  it("invites nobody twice", () => {
    expect(emails("ann@acme.test\nANN@acme.test")).toEqual(["ann@acme.test"]);
  });

  it("tells what it cannot read", () => {
    expect(readRecipients("Ann Archer\nben@\n<>\nann@acme.test").unreadable).toEqual(["Ann Archer", "ben@", "<>"]);
    expect(readRecipients("a@b@c").unreadable).toEqual(["a@b@c"]);
  });

  it("finds nobody in nothing", () => {
    expect(readRecipients(" ,;\n ")).toEqual({ people: [], unreadable: [] });
  });

  it("reads ten thousand lines, and one endless word, without a pause", () => {
    const text = Array.from({ length: 10_000 }, (_, line) => `p${line}@acme.test`).join("\n");
    expect(emails(text)).toHaveLength(10_000);
    expect(readRecipients("<".repeat(50_000)).people).toEqual([]);
  });
});

it("guesses a name from the address", () => {
  expect(guessName("ann.archer+crm@acme.test")).toBe("Ann Archer");
  expect(guessName("élodie_dubois@acme.test")).toBe("Élodie Dubois");
  expect(guessName("+@acme.test")).toBe("+");
});

it("writes what it can read again", () => {
  const people = [
    { email: "ann.archer@acme.test", name: "Ann Archer" },
    { email: "b@acme.test", name: "Baker, Ben" },
  ];
  expect(readRecipients(writeRecipients(people)).people).toEqual(people);
});
