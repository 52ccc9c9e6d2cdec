import { describe, expect, it } from "vitest";

import { changeOf, hasHumanAgent, numberOf, valuesOf } from "./account-values";
import { CONSOLES, contentOf, EMPTY, linesOf } from "./app-values";
import { account } from "./an-account";
import { explained } from "./scopes";

describe("the settings of an account", () => {
  it("come back as they were, also what the form does not show", () => {
    const settings = {
      text_limit: 400,
      ignores_comments: true,
      has_human_agent: true,
      poll_every_seconds: null,
      widget: { a: 1 },
    };
    const one = account({ settings });
    expect(changeOf(one, valuesOf(one))).toEqual({ settings });
  });

  it.each([
    ["", null],
    ["280", 280],
    ["1,000", 1000],
    ["many", undefined],
    ["-5", undefined],
  ])("take %j as %j", (text, number) => expect(numberOf(text)).toBe(number));

  it("know Meta's right for answers by hand", () => {
    expect(["facebook", "instagram", "x"].map(hasHumanAgent)).toEqual([true, true, false]);
  });
});

describe("an app of one's own", () => {
  it("keeps two secrets during a rotation", () => {
    expect(linesOf(" old\n\nnew ")).toEqual(["old", "new"]);
    const values = { ...EMPTY, client_id: " 1 ", client_secret: " s ", signing_secrets: "old\nnew" };
    expect(contentOf(values)).toEqual({
      client_id: "1",
      client_secret: "s",
      signing_secrets: ["old", "new"],
      verify_tokens: [],
    });
  });

  it("has words for every platform that people log in at", () => {
    expect(Object.keys(CONSOLES)).toEqual(["facebook", "instagram", "x", "linkedin"]);
  });
});

describe("a scope", () => {
  it("says why it is asked for, also one that nobody here knows", () => {
    expect(explained(["dm.read", "new.scope"]).map(({ why }) => why)).toEqual([
      "Read direct messages.",
      "Set by the operator of this installation.",
    ]);
  });
});
