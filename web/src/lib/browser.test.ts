import { expect, it } from "vitest";

import { describeUserAgent } from "./browser";

it.each([
  ["Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36", "Chrome on Linux"],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Safari/604.1", "Safari on iOS"],
  ["Mozilla/5.0 (Windows NT 10.0) Chrome/156.0.0.0 Safari/537.36 Edg/156.0", "Edge on Windows"],
  ["curl/8.5.0", "curl/8.5.0"],
  ["", "Unknown program"],
])("%s is %s", (text, words) => {
  expect(describeUserAgent(text)).toBe(words);
});
