import { describe, expect, it } from "vitest";

import { deviceOf, howOf, inOrder, isPhone } from "./devices";
import type { Session } from "./queries";

const session = (id: string, last_used_at: string): Session => ({
  id,
  user_id: "usr_1",
  method: "password",
  has_mfa: false,
  ip: "10.0.0.1",
  user_agent: "",
  created_at: last_used_at,
  last_used_at,
  expires_at: last_used_at,
});

describe("sessions", () => {
  it("come with this one first, then those used last", () => {
    const all = [
      session("old", "2026-01-01T00:00:00Z"),
      session("own", "2025-01-01T00:00:00Z"),
      session("new", "2026-02-01T00:00:00Z"),
    ];
    expect(inOrder(all, "own").map(({ id }) => id)).toEqual(["own", "new", "old"]);
    expect(inOrder(all, undefined).map(({ id }) => id)).toEqual(["new", "old", "own"]);
  });

  it("say how they were opened, in a newer server's word if need be", () => {
    expect(howOf({ method: "password", has_mfa: true })).toBe("Password and second factor");
    expect(howOf({ method: "passkey", has_mfa: true })).toBe("Passkey");
    expect(howOf({ method: "smart_card" as "sso", has_mfa: false })).toBe("smart_card");
  });

  it("name the device, or say that it is not known", () => {
    const phone = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/150.0 Mobile Safari/537.36";
    expect(deviceOf({ user_agent: phone })).toBe("Chrome on Android");
    expect(isPhone({ user_agent: phone })).toBe(true);
    expect(isPhone({ user_agent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0" })).toBe(false);
    expect(deviceOf({ user_agent: "  " })).toBe("Unknown program");
    expect(deviceOf({ user_agent: "curl/8.1" })).toBe("curl/8.1");
  });
});
