import { describe, expect, it } from "vitest";

import { fill, needsWordForNobody, unknownIn, VARIABLES } from "./variables";

const WHO = { contact: "Maria da Silva", agent: "Ann Lee", workspace: "Acme" };
const NOBODY = { contact: "", agent: "", workspace: "" };

/** The same table as the server's own test has. */
describe("a canned reply", () => {
  it.each([
    ["Hello {{contact.first_name}}!", "Hello Maria!"],
    ["{{ contact.name }}, {{agent.name}} of {{workspace.name}}", "Maria da Silva, Ann Lee of Acme"],
    ["{{contact.name", "{{contact.name"],
    ["{{nothing.known}} {{agent.first_name}}", "{{nothing.known}} Ann"],
    ["{{ {{agent.first_name}}", "{{ Ann"],
    ["no variables } { }}", "no variables } { }}"],
    ["", ""],
  ])("%j is filled in as %j", (body, text) => expect(fill(body, WHO)).toBe(text));

  it("says something else where nobody knows the name", () => {
    expect(fill("Hello {{contact.first_name|there}}!", NOBODY)).toBe("Hello there!");
    expect(fill("Hello {{contact.first_name|there}}!", WHO)).toBe("Hello Maria!");
  });

  it("takes a name that looks like a variable for a name", () => {
    expect(fill("Hello {{contact.name}}", { ...WHO, contact: "{{agent.name}}" })).toBe("Hello {{agent.name}}");
  });

  it("has a value for every variable that is offered", () => {
    for (const { name } of VARIABLES) expect(fill(`{{${name}}}`, WHO)).not.toContain("{{");
  });
});

describe("what looks wrong in a canned reply", () => {
  it("are variables that there are not, each once", () => {
    expect(unknownIn("{{contact.nme}} {{contact.name|x}} {{contact.nme}} {{}}")).toEqual(["{{contact.nme}}", "{{}}"]);
  });

  it.each([
    ["Hello {{contact.first_name}}", true],
    ["Hello {{ contact.name | }}", true],
    ["Hello {{contact.name|there}}", false],
    ["From {{agent.name}}", false],
  ])("is a name without a word for nobody in %j: %j", (body, is) => expect(needsWordForNobody(body)).toBe(is));
});
