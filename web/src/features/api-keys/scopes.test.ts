import { expect, it } from "vitest";

import { covers, exampleOf, granted, unknown } from "./scopes";

const permissions = ["users:read", "users:manage", "audit:read"].map((name) => ({ name, description: name }));

it.each([
  ["*", "users:manage", true],
  ["users:*", "users:manage", true],
  ["users:*", "audit:read", false],
  ["*:read", "audit:read", true],
  ["*:read", "users:manage", false],
  ["users:read", "users:read", true],
  ["users", "users:read", false],
])("%s covers %s: %s", (scope, permission, expected) => {
  expect(covers(scope, permission)).toBe(expected);
});

it("tells what scopes grant, each once, and which grant nothing known", () => {
  expect(granted(["*:read", "users:read"], permissions).map(({ name }) => name)).toEqual(["users:read", "audit:read"]);
  expect(unknown(["leads:read", "*:read"], permissions)).toEqual(["leads:read"]);
});

it("shows a first request that the key may make", () => {
  const path = (scopes: string[]) => exampleOf(scopes, "https://hub.test").split(" ").at(-1);
  expect(path(["audit:*"])).toBe("https://hub.test/api/v1/audit-log");
  expect(path(["*"])).toBe("https://hub.test/api/v1/users");
  expect(path(["users:manage"])).toBe("https://hub.test/api/v1/roles");
});
