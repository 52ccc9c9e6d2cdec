import { expect, it } from "vitest";

import { withParams } from "./address";

it("sets and drops parts of the address, and leaves the others", () => {
  const before = new URLSearchParams("state=failed&delivery=whd_1&event=");
  expect(withParams(before, { state: undefined, event: "user.added", kind: "" }).toString()).toBe(
    "delivery=whd_1&event=user.added",
  );
  expect(before.toString()).toBe("state=failed&delivery=whd_1&event=");
});
