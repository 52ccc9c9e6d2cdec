import { describe, expect, it } from "vitest";

import { checkShortcut, contentOf, matching, PLATFORMS, platformIn, platformsOf, valuesOf } from "./values";

const reply = (shortcut: string, title: string, body: string) => ({
  id: `canned_${shortcut}`,
  shortcut,
  title,
  body,
  platforms: [],
  created_by: "usr_1",
  created_at: "2026-11-29T00:00:00Z",
  updated_at: "2026-11-29T00:00:00Z",
});

describe("the form of a canned reply", () => {
  it("comes back as it was", () => {
    const content = { shortcut: "hello", title: "Hello", body: "Hello!", platforms: ["x" as const] };
    expect(contentOf(valuesOf(content))).toEqual(content);
  });

  it("drops the slash, and takes all platforms for any", () => {
    const typed = { shortcut: " /hello ", title: " Hello ", body: " Hi ", platforms: [...PLATFORMS] };
    expect(contentOf(typed)).toEqual({ shortcut: "hello", title: "Hello", body: "Hi", platforms: [] });
  });

  it.each([
    ["hello", true],
    ["/grüße-2_b", true],
    ["名前", true],
    ["", false],
    ["two words", false],
    ["a/b", false],
    ["x".repeat(41), false],
  ])("takes the shortcut %j: %j", (text, is) => expect(checkShortcut(text) === true).toBe(is));
});

describe("the list of canned replies", () => {
  const replies = [reply("hello", "Greeting", "Hello!"), reply("hours", "Opening hours", "We are there from 9.")];

  it("is searched in everything that a reply says", () => {
    const found = (search: string) => matching(replies, search).map(({ shortcut }) => shortcut);
    expect(found("")).toEqual(["hello", "hours"]);
    expect(found("/ho")).toEqual(["hours"]);
    expect(found("GREET hello")).toEqual(["hello"]);
    expect(found("from 9")).toEqual(["hours"]);
    expect(found("nothing")).toEqual([]);
  });

  it("says for which platforms a reply is", () => {
    expect(platformsOf([])).toBe("All");
    expect(platformsOf(["web_chat", "x"])).toBe("Web chat, X");
  });

  it("knows the platforms that an address may name", () => {
    expect(platformIn(new URLSearchParams("platform=x"))).toBe("x");
    expect(platformIn(new URLSearchParams("platform=<b>"))).toBeUndefined();
  });
});
