import { describe, expect, it } from "vitest";

import { checkDays, consequences, newlyAsked, tellConcerned, toPolicy, toValues } from "./policy-rules";
import type { Policy } from "./queries";

const BEFORE: Policy = { mfa_roles: ["admin", "agent"], session_days: 30 };

describe("the security policy", () => {
  it("always asks admins for a second factor", () => {
    expect(toValues(BEFORE)).toEqual({ mfa_roles: ["agent"], session_days: "30" });
    expect(toPolicy({ mfa_roles: [], session_days: "7" })).toEqual({ mfa_roles: ["admin"], session_days: 7 });
    expect(toPolicy(toValues(BEFORE))).toEqual(BEFORE);
  });

  it("keeps a role of a newer server", () => {
    const newer = { mfa_roles: ["admin", "auditor"], session_days: 30 } as unknown as Policy;
    expect(toPolicy(toValues(newer))).toEqual(newer);
  });

  it("says what a change leads to, and nothing without a change", () => {
    expect(consequences(BEFORE, BEFORE)).toEqual([]);
    const after: Policy = { mfa_roles: ["admin", "manager", "sales_rep"], session_days: 1 };
    expect(newlyAsked(BEFORE, after)).toEqual(["manager", "sales_rep"]);
    const [asked, freed, days] = consequences(BEFORE, after);
    expect(asked).toContain("managers and sales reps need a second factor");
    expect(freed).toContain("for agents");
    expect(days).toContain("after 1 day, instead of 30 days");
  });

  it("takes whole days from 1 to 90", () => {
    for (const text of ["1", "30", "90", " 7 "]) expect(checkDays(text)).toBe(true);
    for (const text of ["", "0", "91", "1.5", "-1", "1e1", "many"]) expect(checkDays(text)).toMatch(/1 to 90/);
  });

  it("counts who is concerned", () => {
    expect(tellConcerned({ count: 1, isLeast: false })).toBe("1 person has no second factor yet.");
    expect(tellConcerned({ count: 12, isLeast: true })).toBe("At least 12 people have no second factor yet.");
    expect(tellConcerned({ count: 0, isLeast: false })).toMatch(/^Nobody/);
  });
});
