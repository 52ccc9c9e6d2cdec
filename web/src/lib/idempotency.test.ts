import { expect, it } from "vitest";

import { idempotencyKeys } from "./idempotency";

it("gives the same content the same key, and a corrected one another", () => {
  const keyOf = idempotencyKeys();
  const first = keyOf({ email: "ann@acme.test" });
  expect(keyOf({ email: "ann@acme.test" })).toEqual(first);
  expect(keyOf({ email: "anna@acme.test" })).not.toEqual(first);
});

it("gives another opening of the form another key", () => {
  expect(idempotencyKeys()("same")).not.toEqual(idempotencyKeys()("same"));
});
