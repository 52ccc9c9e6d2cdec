import { describe, expect, it } from "vitest";

import { Unreachable } from "@/lib/problems";

import { rowsOf, summaryOf } from "./rows";

const health = {
  ready: true,
  version: "0.1.0",
  parts: [
    { name: "database", works: true, detail: "It answers." },
    { name: "shard north", works: true, detail: "It answers." },
  ],
};
const GOOD = { health, error: null, live: "live", isOnline: true, skew: 0 } as const;

const states = (known: Parameters<typeof rowsOf>[0]) =>
  Object.fromEntries(rowsOf(known).map(({ name, state }) => [name, state]));

describe("the system", () => {
  it("works when every part does", () => {
    const rows = rowsOf(GOOD);
    expect(rows.map(({ name }) => name)).toEqual([
      "Server",
      "Database",
      "Database “north”",
      "Live updates",
      "This device’s clock",
    ]);
    expect(summaryOf(rows)).toEqual({ state: "works", text: "Everything works" });
  });

  it("names how many parts need attention", () => {
    const broken = { ...health, ready: false, parts: [{ name: "redis", works: false, detail: "It does not answer." }] };
    expect(summaryOf(rowsOf({ ...GOOD, health: broken })).text).toBe("1 part needs attention");
    expect(summaryOf(rowsOf({ ...GOOD, health: broken, live: "stale" })).text).toBe("2 parts need attention");
  });

  it("claims nothing of parts that cannot be asked, and keeps what was known", () => {
    const rows = rowsOf({ ...GOOD, error: new Unreachable() });
    expect(states({ ...GOOD, error: new Unreachable() })).toMatchObject({ Server: "fails", Database: "unknown" });
    expect(rows[1]?.detail).toBe("When last asked: It answers.");
  });

  it("tells this device's own faults from the server's", () => {
    expect(states({ ...GOOD, isOnline: false })).toMatchObject({ Server: "works", "Live updates": "fails" });
    expect(rowsOf({ ...GOOD, skew: 3_600_000 }).at(-1)).toMatchObject({
      state: "fails",
      detail: expect.stringContaining("60 minutes behind"),
    });
    expect(rowsOf({ ...GOOD, skew: -45_000 }).at(-1)).toMatchObject({
      detail: expect.stringContaining("45 seconds ahead of"),
    });
  });

  it("shows a part that only a newer server has", () => {
    const newer = { ...health, parts: [{ name: "constructor", works: true, detail: "It hums." }] };
    expect(rowsOf({ ...GOOD, health: newer })[1]).toMatchObject({ name: "constructor", detail: "It hums." });
  });
});
