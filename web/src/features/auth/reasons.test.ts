import { expect, it } from "vitest";

import { reasonOf } from "./reasons";

it("has a sentence for each reason", () => {
  expect(reasonOf("refresh_reused")?.text).toContain("change your password");
  expect(reasonOf("sso_failed")?.title).toBe("Single sign-on did not work");
});

it("shows a code that it does not know", () => {
  expect(reasonOf("moon_in_the_way")?.text).toContain("moon_in_the_way");
  expect(reasonOf("constructor")?.text).toContain("constructor");
});

it("shows nothing that is no code", () => {
  for (const text of [null, undefined, "", "<b>x</b>", "call 555-1234", "a".repeat(41)]) {
    expect(reasonOf(text)).toBeUndefined();
  }
});
