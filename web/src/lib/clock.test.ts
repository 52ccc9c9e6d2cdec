import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { clockSkew, learnTime, serverNow } from "./clock";

const answeredAt = (date: string) => learnTime(new Response(null, { headers: { date } }));

beforeEach(() => vi.useFakeTimers({ now: new Date("2026-03-01T12:00:00Z") }));
afterEach(() => {
  answeredAt(new Date().toUTCString());
  vi.useRealTimers();
});

it("follows the server when this device's clock is an hour slow", () => {
  answeredAt("Sun, 01 Mar 2026 13:00:00 GMT");
  expect(serverNow().toISOString()).toBe("2026-03-01T13:00:00.000Z");
  expect(clockSkew()).toBe(3_600_000);
});

it("takes a difference below the header's precision for none", () => {
  answeredAt("Sun, 01 Mar 2026 11:59:59 GMT");
  expect(clockSkew()).toBe(0);
});

it("learns nothing from an answer without a readable date", () => {
  answeredAt("Sun, 01 Mar 2026 13:00:00 GMT");
  answeredAt("whenever");
  learnTime(new Response());
  expect(clockSkew()).toBe(3_600_000);
});
