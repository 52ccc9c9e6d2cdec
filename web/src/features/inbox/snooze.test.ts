import { expect, it } from "vitest";

import { complaintAbout, presets } from "./snooze";

const at = (text: string) => new Date(text);
const labels = (now: Date) => presets(now).map(({ label }) => label);
const until = (now: Date, wanted: string) => presets(now).find(({ label }) => label === wanted)?.until;

it("offers moments that all lie ahead", () => {
  for (const now of ["2026-11-21T00:00", "2026-11-22T12:00", "2026-11-23T08:59", "2026-12-31T23:59"].map(at)) {
    for (const { until } of presets(now)) expect(until.getTime()).toBeGreaterThan(now.getTime());
  }
});

it("does not offer an evening that has begun", () => {
  expect(labels(at("2026-11-21T12:00"))).toContain("This evening");
  expect(labels(at("2026-11-21T17:30"))).not.toContain("This evening");
});

it("means by Monday the next one, also on a Monday", () => {
  expect(until(at("2026-11-22T12:00"), "Next Monday")).toEqual(at("2026-11-23T09:00"));
  expect(until(at("2026-11-23T07:00"), "Next Monday")).toEqual(at("2026-11-30T09:00"));
});

it("says what is wrong with a moment", () => {
  const now = at("2026-11-21T12:00");
  expect(complaintAbout("", now)).toBe("Choose a day and a time.");
  expect(complaintAbout("2026-11-21T11:59", now)).toMatch(/is over/);
  expect(complaintAbout("2028-01-01T00:00", now)).toMatch(/within the next year/);
  expect(complaintAbout("2026-11-21T12:01", now)).toBeUndefined();
});
