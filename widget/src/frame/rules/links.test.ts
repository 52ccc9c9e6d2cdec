import { expect, test } from "vitest";

import { pieces } from "./links.ts";

const hrefs = (text: string) => pieces(text).flatMap(({ href }) => href ?? []);

test("addresses are found without the sentence's own marks", () => {
  expect(
    hrefs("See https://example.com/a, www.example.org! (https://example.com/b_(c)) https://example.com/?q=1."),
  ).toEqual([
    "https://example.com/a",
    "https://www.example.org/",
    "https://example.com/b_(c)",
    "https://example.com/?q=1",
  ]);
});

test("the pieces put together are the text, whatever it holds", () => {
  const texts = [
    "",
    "no address",
    "<img src=x onerror=alert(1)> https://a.example/<script>",
    'https://a.example/"onclick="x',
    "https://a.example https://b.example",
    "\u202Ehttps://a.example\u202C 👩‍👩‍👧 ﷽",
  ];
  for (const text of texts)
    expect(
      pieces(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
});

test("nothing but a plain web address can be clicked", () => {
  const hostile = [
    "javascript:alert(1)",
    "data:text/html,<script>1</script>",
    "https://user@evil.example/",
    "https://bank.example:pw@evil.example",
    "https://exa\u202Emple.com",
    "https://a.exa\u200Bmple",
    "https://",
    "https://intranet/",
    "file:///etc/passwd",
    "vbscript:https://",
  ];
  expect(hostile.flatMap(hrefs)).toEqual([]);
});

test("an address never holds a quote or a bracket of markup", () => {
  for (const href of hrefs("https://a.example/\"><script> https://b.example/'onload=x https://c.example/`x`")) {
    expect(href).not.toMatch(/["<>`]/);
  }
});

test("a long text of opening addresses is read in no time", () => {
  const began = performance.now();
  pieces("https://a.example/((((((((".repeat(160));
  pieces(`https://a.example/${")".repeat(4000)}`);
  expect(performance.now() - began).toBeLessThan(500);
});
