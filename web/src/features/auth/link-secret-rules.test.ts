import { expect, it } from "vitest";

import { secretIn } from "./link-secret-rules";

const secret = "tk_01kagx4f0ve2pbkr7w3m9d5tqz_Zm9v-YmFy_YmF6cXV4";

it("reads the secret of a link", () => {
  expect(secretIn(`#${secret}`, "tk")).toBe(secret);
  expect(secretIn(`#inv_${"a".repeat(60)}`, "inv")).toBe(`inv_${"a".repeat(60)}`);
});

it("forgives what mail programs add", () => {
  for (const hash of [`#${secret}.`, `#${secret}%3E`, `#${secret.replaceAll("_", "%5F")}`]) {
    expect(secretIn(hash, "tk")).toBe(secret);
  }
});

it("takes nothing else", () => {
  for (const hash of [
    "",
    "#",
    "#tk_short",
    `#${secret.replace("tk_", "sk_")}`,
    "#%E0%A4%A",
    `#tk_${"a".repeat(300)}`,
  ]) {
    expect(secretIn(hash, "tk")).toBeUndefined();
  }
  expect(secretIn(`#${secret}`, "inv")).toBeUndefined();
});
