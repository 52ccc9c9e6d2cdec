import { expect, it } from "vitest";

import { matching, replaceSlash, slashAt } from "./canned-rules";

it("offers replies behind a slash that begins a word", () => {
  expect(slashAt("/", 1)).toEqual({ from: 0, to: 1, query: "" });
  expect(slashAt("Hi /gree", 8)).toEqual({ from: 3, to: 8, query: "gree" });
  expect(slashAt("line\n/über", 10)).toEqual({ from: 5, to: 10, query: "über" });
});

it.each(["and/or", "https://example.com", "/two words", "//", "1/2"])("does not take %s for one", (text) =>
  expect(slashAt(text, text.length)).toBeUndefined(),
);

it("looks only at what stands before the caret", () => {
  expect(slashAt("/hello world", 4)).toEqual({ from: 0, to: 4, query: "hel" });
});

it("puts the reply where the shortcut stood", () => {
  const text = "Hi /gree bye";
  expect(replaceSlash(text, { from: 3, to: 8, query: "gree" }, "Good day!")).toEqual({
    text: "Hi Good day! bye",
    caret: 12,
  });
});

it("finds by the beginning first, then anywhere in shortcut and title", () => {
  const replies = [
    { shortcut: "say-hello", title: "x" },
    { shortcut: "hello", title: "Greeting" },
    { shortcut: "bye", title: "No hello at all" },
    { shortcut: "hours", title: "Opening hours" },
  ];
  expect(matching(replies, "HEL").map(({ shortcut }) => shortcut)).toEqual(["hello", "say-hello", "bye"]);
  expect(matching(replies, "")).toHaveLength(4);
});
