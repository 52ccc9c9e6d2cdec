import { expect, it } from "vitest";

import { canRotate, isAlive, stateOf } from "./key-state";

const now = new Date("2026-03-01T12:00:00Z");
const key = { revoked_at: null, expires_at: null, rotated_to: null };
const later = "2026-06-01T00:00:00Z";
const before = "2026-03-01T12:00:00Z";

it.each([
  ["works", key],
  ["works", { ...key, expires_at: later }],
  ["ends_soon", { ...key, expires_at: "2026-03-05T00:00:00Z" }],
  ["works_until", { ...key, expires_at: "2026-03-02T12:00:00Z", rotated_to: "key_2" }],
  ["replaced", { ...key, expires_at: before, rotated_to: "key_2" }],
  ["expired", { ...key, expires_at: before }],
  ["revoked", { ...key, expires_at: later, rotated_to: "key_2", revoked_at: before }],
] as const)("%s: %j", (state, facts) => {
  expect(stateOf(facts, now)).toBe(state);
});

it("is replaced once, and only while it works", () => {
  expect(canRotate("works") && canRotate("ends_soon")).toBe(true);
  expect(canRotate("works_until") || canRotate("expired") || canRotate("revoked")).toBe(false);
  expect(isAlive("works_until")).toBe(true);
  expect(isAlive("replaced")).toBe(false);
});
