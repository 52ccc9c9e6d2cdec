import { expect, it } from "vitest";

import { groupsOf } from "./permissions";

it("groups permissions by what they are about, unknown ones by their own word", () => {
  const permissions = ["users:read", "users:manage", "battle_cards:read"].map((name) => ({ name, description: "" }));
  expect(groupsOf(permissions).map(({ title, permissions: of }) => [title, of.length])).toEqual([
    ["People", 2],
    ["Battle cards", 1],
  ]);
});
