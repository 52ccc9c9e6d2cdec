import { describe, expect, it } from "vitest";

import { aRole, changeOf, roleOptions, type RoleMatrix } from "./roles";
import { roleName } from "@/lib/role-names";

const matrix = {
  roles: [
    { role: "admin", description: "Runs it.", permissions: ["users:read", "users:manage", "leads:read"] },
    { role: "agent", description: "Answers.", permissions: ["users:read", "leads:read"] },
    { role: "viewer", description: "Reads.", permissions: ["users:read"] },
  ],
  permissions: [
    { name: "users:read", description: "See people." },
    { name: "users:manage", description: "Manage people." },
    { name: "leads:read", description: "See leads." },
  ],
} as RoleMatrix;

describe("a role's name", () => {
  it("is written for people", () => {
    expect(roleName("sales_rep")).toBe("Sales rep");
    expect(aRole("agent")).toBe("an agent");
    expect(aRole("manager")).toBe("a manager");
  });

  it("that is not known here is shown as it comes", () => {
    expect(roleName("auditor")).toBe("auditor");
    expect(aRole("auditor")).toBe("an auditor");
  });
});

it("offers the roles that the server knows, and its own until then", () => {
  expect(roleOptions(matrix).map(({ value }) => value)).toEqual(["admin", "agent", "viewer"]);
  expect(roleOptions(undefined)).toHaveLength(5);
});

it("tells what a change of role gives and takes", () => {
  const names = (list: { name: string }[]) => list.map(({ name }) => name);
  const { gains, loses } = changeOf(matrix, "admin", "viewer");
  expect(names(gains)).toEqual([]);
  expect(names(loses)).toEqual(["users:manage", "leads:read"]);
  expect(names(changeOf(matrix, "viewer", "agent").gains)).toEqual(["leads:read"]);
  expect(changeOf(matrix, "auditor", "auditor")).toEqual({ gains: [], loses: [] });
});
