import { expect, it } from "vitest";

import { destination, singleSignOnAddress } from "./destination";

it("returns to pages of this app", () => {
  for (const path of ["/", "/settings/users?role=admin&user=usr_1", "/a//b", "/%2F%2Fevil.test", "/login-history"]) {
    expect(destination(path)).toBe(path);
  }
});

it("sends nobody to another site", () => {
  const hostile = ["//evil.test", "///evil.test", "/\\evil.test", "\\/evil.test", "/\t/evil.test", "/a\\b", "/\r\nx"];
  for (const path of [...hostile, "https://evil.test", "javascript:alert(1)", "evil", " /x", "", null]) {
    expect(destination(path)).toBe("/");
  }
  expect(destination(`/${"a".repeat(300)}`)).toBe("/");
});

it("sends nobody back to a door", () => {
  for (const path of ["/login", "/login?error=x", "/reset#tk", "/invitation", "/forgot/"]) {
    expect(destination(path)).toBe("/");
  }
});

it("writes the address of single sign-on so that no name breaks out of it", () => {
  expect(singleSignOnAddress("ac/me?x", "/a?b=c&d")).toBe(
    "/api/v1/auth/sso/ac%2Fme%3Fx/start?return_to=%2Fa%3Fb%3Dc%26d",
  );
});
