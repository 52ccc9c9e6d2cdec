import { describe, expect, it } from "vitest";

import { wayOf } from "./ways";
import { conditionOf, defaultOf, figureOf, numberOf, ruleOf, spanOf, toldOf, type Rule } from "./words";

const RULE: Rule = {
  name: "jobs.backlog_age",
  summary: "Age of the oldest job that waits to be done",
  unit: "seconds",
  threshold: 300,
  for_minutes: 2,
  severity: "error",
  enabled: true,
  targets: null,
  defaults: { threshold: 300, for_minutes: 2, severity: "error" },
  reading: 12.25,
  open_alerts: 0,
};

describe("a figure", () => {
  it("has its unit, as people write it", () => {
    expect(figureOf(300, "seconds")).toBe("5 min");
    expect(figureOf(1, "percent")).toBe("1 %");
    expect(figureOf(33.3333, "percent")).toBe("33.33 %");
    expect(figureOf(250, "milliseconds")).toBe("250 ms");
    expect(figureOf(1000, "milliseconds")).toBe("1 s");
    expect(figureOf(1234.5, "milliseconds")).toBe("1.23 s");
    expect(figureOf(1200, "count")).toBe("1,200");
  });

  it("of time is in its two largest units", () => {
    expect(spanOf(0)).toBe("0 s");
    expect(spanOf(0.44)).toBe("0.4 s");
    expect(spanOf(59.9)).toBe("59 s");
    expect(spanOf(90)).toBe("1 min 30 s");
    expect(spanOf(3600)).toBe("1 h");
    expect(spanOf(7325)).toBe("2 h 2 min");
    expect(spanOf(86_400 + 59)).toBe("1 d");
  });

  it("is taken as it is typed", () => {
    expect(numberOf(" 1,5 ")).toBe(1.5);
    expect(numberOf("300")).toBe(300);
    for (const text of ["", "-1", "1e3", "five", "1.2.3"]) expect(numberOf(text)).toBeNaN();
  });
});

describe("a rule", () => {
  it("says when it is broken", () => {
    expect(conditionOf(RULE, "seconds")).toBe("over 5 min for 2 min");
    expect(conditionOf({ threshold: 0, for_minutes: 0 }, "count")).toBe("any");
    expect(conditionOf({ threshold: 3, for_minutes: 90 }, "count")).toBe("over 3 for 1 h 30 min");
  });

  it("tells its default only where the workspace has decided otherwise", () => {
    expect(defaultOf(RULE)).toBeUndefined();
    expect(defaultOf({ ...RULE, threshold: 60 })).toBe("over 5 min for 2 min");
    expect(defaultOf({ ...RULE, for_minutes: 0, severity: "info" })).toBe("over 5 min for 2 min; Error");
    expect(defaultOf({ ...RULE, severity: "critical" })).toBe("Error");
  });

  it("names whom it tells", () => {
    const targets = [{ id: "alg_1", name: "On call" }];
    expect(toldOf(RULE, targets)).toBe("All targets");
    expect(toldOf({ ...RULE, targets: ["alg_1", "alg_2"] }, targets)).toBe("On call, alg_2");
    expect(toldOf({ ...RULE, targets: [] }, targets)).toBe("Nobody");
  });

  it("of a newer server is called by its own word", () => {
    expect(ruleOf("jobs.backlog_age")).toBe("Oldest waiting job");
    expect(ruleOf("crm.sync_lag")).toBe("Crm: sync lag");
    expect(ruleOf("constructor")).toBe("Constructor");
  });
});

it("leads from an alert to what can be done about it", () => {
  expect(wayOf({ rule: "webhook_endpoints.disabled", subject: "whe_1" }).to).toBe("/settings/webhooks/whe_1");
  expect(wayOf({ rule: "channel_accounts.silent", subject: "chan_1" }).to).toBe("/connections/chan_1");
  expect(wayOf({ rule: "effects.unknown" }).to).toBe("/system/effects?state=unknown");
  expect(wayOf({ rule: "constructor" }).to).toBe("/system");
});
