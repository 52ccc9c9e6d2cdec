import { expect, it } from "vitest";

import { changeOf, valuesOf } from "./rule-values";
import type { Rule } from "./words";

const RULE: Rule = {
  name: "requests.error_rate",
  summary: "Share of requests to the API that end with a 5xx answer",
  unit: "percent",
  threshold: 1,
  for_minutes: 5,
  severity: "error",
  enabled: true,
  targets: ["alg_1"],
  defaults: { threshold: 1, for_minutes: 5, severity: "error" },
  reading: null,
  open_alerts: 0,
};

it("tells the server nothing when nothing was changed", () => {
  expect(changeOf(RULE, valuesOf(RULE))).toEqual({});
  const toAll = { ...RULE, targets: null };
  expect(changeOf(toAll, valuesOf(toAll))).toEqual({});
});

it("tells the server only what is different", () => {
  const values = valuesOf(RULE);
  expect(changeOf(RULE, { ...values, threshold: "0,5" })).toEqual({ threshold: 0.5 });
  expect(changeOf(RULE, { ...values, for_minutes: " 0 ", enabled: false })).toEqual({ for_minutes: 0, enabled: false });
});

it("tells all targets again when nobody is chosen any more", () => {
  expect(changeOf(RULE, { ...valuesOf(RULE), to: "all" })).toEqual({ targets: null });
  expect(changeOf(RULE, { ...valuesOf(RULE), targets: ["alg_1", "alg_2"] })).toEqual({ targets: ["alg_1", "alg_2"] });
});
