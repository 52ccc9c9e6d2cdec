import { describe, expect, it } from "vitest";

import { workRowsOf, workSummaryOf, type Overview } from "./work";

const WORKER = {
  host: "north",
  version: "0.1.0",
  queues: ["webhooks"],
  silent_seconds: 0.4,
  started_at: "2026-11-21T09:00:00Z",
};
const CALM: Overview = { queues: [], workers: [WORKER], facts_lag: 0, installation_dead_letters: 0, circuits: [] };
const QUEUE = { queue: "webhooks", jobs: 12, retrying: 0, oldest_seconds: 3 };

const row = (work: Partial<Overview>, id: string, letters?: number) =>
  workRowsOf({ ...CALM, ...work }, letters).find((one) => one.id === id);

describe("work", () => {
  it("is calm when nothing waits", () => {
    const rows = workRowsOf(CALM, 0);
    expect(rows.map(({ name }) => name)).toEqual(["Queues", "Workers", "Events", "Outside systems", "Dead letters"]);
    expect(workSummaryOf(rows)).toEqual({ state: "works", text: "Work is done as it comes" });
    expect(row({}, "workers")?.parts).toEqual(["north, version 0.1.0, for Webhooks; last heard of just now."]);
  });

  it("tells waiting from work that nobody does, and from work that is late", () => {
    expect(row({ queues: [QUEUE] }, "queues")).toMatchObject({
      state: "works",
      parts: ["Webhooks: 12 wait, the oldest for 3 seconds."],
    });
    expect(row({ queues: [{ ...QUEUE, oldest_seconds: 900 }] }, "queues")?.detail).toContain("waits longer");
    expect(row({ queues: [{ ...QUEUE, retrying: 2, oldest_seconds: 900 }] }, "queues")?.state).toBe("works");
    expect(row({ queues: [{ ...QUEUE, queue: "crm" }] }, "queues")?.detail).toBe(
      "Nobody works on CRM: start a process with that role.",
    );
  });

  it("misses workers that are silent, and readers that are far behind", () => {
    expect(row({ workers: [] }, "workers")?.state).toBe("fails");
    expect(row({ workers: [WORKER, { ...WORKER, silent_seconds: 90 }] }, "workers")?.detail).toContain("1 is silent");
    expect(row({ facts_lag: 3 }, "events")?.state).toBe("works");
    expect(row({ facts_lag: 10_000 }, "events")?.detail).toContain("10,000 or more events are not passed on");
  });

  it("names the systems that are left alone, and the letters that wait", () => {
    const circuits = [
      { remote: "crm.acme.test", state: "open", failures: 5, opened_at: null },
      { remote: "hooks.test", state: "half_open", failures: 1, opened_at: null },
    ];
    expect(row({ circuits }, "circuits")?.parts).toEqual([
      "crm.acme.test is left alone, after 5 failures.",
      "hooks.test is tried out again.",
    ]);
    expect(row({}, "letters", 2)).toMatchObject({ state: "fails", link: { to: "/system/dead-letters" } });
    expect(row({}, "letters")).toBeUndefined();
    expect(row({}, "installation-letters")).toBeUndefined();
    expect(row({ installation_dead_letters: 2 }, "installation-letters")).toMatchObject({
      state: "fails",
      detail: expect.stringContaining("2 of no workspace wait for the operator") as string,
    });
    expect(workSummaryOf(workRowsOf({ ...CALM, circuits }, 2)).text).toBe("Work: 2 things need attention");
  });
});
