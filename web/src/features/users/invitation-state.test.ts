import { expect, it } from "vitest";

import { isOpen, stateAt } from "./invitation-state";

const ends = { expires_at: "2026-03-08T12:00:00Z" };

it("expires by the server's clock, also after it was read", () => {
  expect(stateAt({ ...ends, state: "pending" }, new Date("2026-03-08T11:59:59Z"))).toBe("pending");
  expect(stateAt({ ...ends, state: "pending" }, new Date("2026-03-08T12:00:00Z"))).toBe("expired");
  expect(stateAt({ ...ends, state: "accepted" }, new Date("2027-01-01T00:00:00Z"))).toBe("accepted");
});

it("can be renewed or withdrawn until it is history", () => {
  expect((["pending", "expired", "accepted", "revoked"] as const).filter(isOpen)).toEqual(["pending", "expired"]);
});
