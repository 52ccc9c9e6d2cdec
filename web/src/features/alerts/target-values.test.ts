import { expect, it } from "vitest";

import type { Schemas } from "@/lib/api";

import { addressesOf, changeOf, newTargetOf, valuesOf } from "./target-values";

const TARGET: Schemas["AlertTarget"] = {
  id: "alg_1",
  name: "On call",
  kind: "pagerduty",
  address: "…9f3c, EU",
  region: "eu",
  recipients: null,
  url: null,
  least_severity: "error",
  enabled: true,
  broken_since: null,
  broken_reason: null,
  last_sent_at: null,
  created_at: "2026-11-21T09:00:00Z",
  created_by: "usr_1",
};

it("sends of a new target only what its kind has", () => {
  const typed = {
    ...valuesOf(undefined),
    name: " Ops ",
    url: " https://hooks.test/ ",
    secret: "",
    routing_key: "left over",
  };
  expect(newTargetOf(typed)).toEqual({
    kind: "slack",
    name: "Ops",
    least_severity: "info",
    url: "https://hooks.test/",
  });
  expect(newTargetOf({ ...typed, kind: "webhook", secret: "whsec_c2VjcmV0" })).toMatchObject({
    secret: "whsec_c2VjcmV0",
  });
  expect(newTargetOf({ ...typed, kind: "email" })).toEqual({
    kind: "email",
    name: "Ops",
    least_severity: "info",
    recipients: [],
  });
});

it("changes only what is different, and no secret that was not typed", () => {
  const values = valuesOf(TARGET);
  expect(changeOf(TARGET, values)).toEqual({});
  expect(changeOf(TARGET, { ...values, name: "Nights", region: "us" })).toEqual({ name: "Nights", region: "us" });
  expect(changeOf(TARGET, { ...values, routing_key: "0123" })).toEqual({ routing_key: "0123" });
  const mail: Schemas["AlertTarget"] = { ...TARGET, kind: "email", recipients: ["a@b.test"] };
  expect(changeOf(mail, { ...valuesOf(mail), recipients: "" })).toEqual({ recipients: [] });
});

it("takes addresses by line, comma or space", () => {
  expect(addressesOf(" a@b.test, c@d.test\n\ne@f.test ")).toEqual(["a@b.test", "c@d.test", "e@f.test"]);
  expect(addressesOf(" \n")).toEqual([]);
});
