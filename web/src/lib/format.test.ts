import { describe, expect, it } from "vitest";

import { formatBytes, formatDateTime, formatRelative } from "./format";

const now = new Date("2026-03-01T12:00:00Z");

describe("formatRelative", () => {
  it.each([
    ["2026-03-01T11:57:00Z", "3 minutes ago"],
    ["2026-03-01T12:00:30Z", "now"],
    ["2026-03-01T11:59:01Z", "now"],
    ["2026-02-28T12:00:00Z", "yesterday"],
    ["2026-03-03T12:00:00Z", "in 2 days"],
    ["2025-01-01T12:00:00Z", "last year"],
  ])("%s is %s", (at, words) => {
    expect(formatRelative(at, now)).toBe(words);
  });

  it("shows what is no time as it came", () => {
    expect(formatRelative("soon", now)).toBe("soon");
    expect(formatDateTime("soon")).toBe("soon");
  });
});

it("counts bytes in the unit that fits", () => {
  expect(formatBytes(999)).toBe("999 byte");
  expect(formatBytes(1500)).toBe("1.5 kB");
  expect(formatBytes(2_000_000)).toBe("2 MB");
});
