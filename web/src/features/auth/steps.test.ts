import { describe, expect, it } from "vitest";

import { type LogIn, type Move, next, START, type SignedIn, type Step } from "./steps";

const signedIn: SignedIn = {
  access_token: "a",
  token_type: "Bearer",
  expires_in: 900,
  permissions: [],
  tenant: { id: "ten_1", slug: "acme", name: "Acme" },
  tenants: [],
  user: {
    id: "usr_1",
    email: "ann@acme.test",
    name: "Ann",
    role: "agent",
    status: "active",
    created_at: "2026-01-01T00:00:00Z",
    has_mfa: false,
    uses_sso: false,
  },
};
const inNow: LogIn = { status: "signed_in", ...signedIn };
const withCodes: LogIn = { ...inNow, recovery_codes: ["aaaaa-bbbbb"] };
const wantsCode: LogIn = { status: "second_factor_required", ticket: "tk_1", methods: ["totp"] };
const wantsApp: LogIn = { status: "enrolment_required", ticket: "tk_2", methods: ["totp"] };

const answered = (answer: LogIn): Move => ({ type: "answered", answer });
const walk = (...moves: Move[]): Step => moves.reduce(next, START);

describe("steps of a log-in", () => {
  it("is in at once where no second factor is asked for", () => {
    expect(walk(answered(inNow))).toEqual({ at: "in", signedIn: inNow });
  });

  it("asks for the second factor, and is in with it", () => {
    expect(walk(answered(wantsCode))).toEqual({ at: "second_factor", ticket: "tk_1", methods: ["totp"] });
    expect(walk(answered(wantsCode), answered(inNow)).at).toBe("in");
  });

  it("shows recovery codes after an enrolment and waits until they are kept", () => {
    const shown = walk(answered(wantsApp), answered(withCodes));
    expect(shown).toEqual({ at: "recovery_codes", signedIn: withCodes });
    expect(next(shown, { type: "kept" })).toEqual({ at: "in", signedIn: withCodes });
  });

  it("loses no recovery codes to whatever comes late", () => {
    const shown = walk(answered(wantsApp), answered(withCodes));
    const late: Move[] = [answered(wantsCode), { type: "refused", code: "ticket_invalid" }, { type: "restarted" }];
    for (const move of late) expect(next(shown, move)).toBe(shown);
  });

  it("goes back to the start with the reason when a ticket is used up", () => {
    for (const code of ["ticket_invalid", "already_done"]) {
      expect(walk(answered(wantsCode), { type: "refused", code })).toEqual({ at: "start", why: code });
    }
  });

  it("stays where it is when only the code was wrong", () => {
    const asked = walk(answered(wantsCode));
    for (const code of ["wrong_code", "too_many_attempts", "unavailable"]) {
      expect(next(asked, { type: "refused", code })).toBe(asked);
    }
  });

  it("says so when a newer server wants an unknown step", () => {
    const answer: LogIn = JSON.parse('{"status":"retina_required","ticket":"tk_3"}');
    expect(walk(answered(answer))).toEqual({ at: "unknown" });
    expect(walk(answered({ ...wantsCode, methods: ["retina"] }))).toEqual({ at: "unknown" });
    expect(walk(answered({ ...wantsCode, methods: ["retina", "passkey"] })).at).toBe("second_factor");
  });

  it("keeps nothing by codes that were not shown", () => {
    expect(next(START, { type: "kept" })).toBe(START);
    expect(walk(answered(wantsCode), { type: "restarted" })).toEqual(START);
  });
});
