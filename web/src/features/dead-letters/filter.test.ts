import { describe, expect, it } from "vitest";

import { countOf, filterOf, queryOf, withFilter } from "./filter";

const of = (text: string) => filterOf(new URLSearchParams(text));

describe("the filter of dead letters", () => {
  it("is read from the address, without what there is not", () => {
    expect(of("")).toEqual({ state: "open" });
    expect(of("state=nonsense&since=yesterday&kind=%20&reason=%00&queue=<b>")).toEqual({ state: "open" });
    expect(of("state=any&queue=webhooks&kind=webhooks.deliver&reason=gave_up&since=24h")).toEqual({
      state: "any",
      queue: "webhooks",
      kind: "webhooks.deliver",
      reason: "gave_up",
      since: "24h",
    });
  });

  it("leaves no trace in the address when it is dropped, and closes what was open", () => {
    const search = new URLSearchParams("state=replayed&kind=a&letter=job_1");
    expect(withFilter(search, { state: "open", kind: undefined }).toString()).toBe("");
  });

  it("asks from a moment on", () => {
    const now = new Date("2026-11-21T12:00:00Z");
    expect(queryOf({ state: "open", since: "24h" }, now)).toEqual({ state: "open", from: "2026-11-20T12:00:00.000Z" });
    expect(queryOf({ state: "any", kind: "a" }, now)).toEqual({ state: "any", kind: "a" });
  });

  it("counts what has all that is asked for", () => {
    const counts = [
      { queue: "webhooks", kind: "a", reason: "gave_up", count: 3 },
      { queue: "webhooks", kind: "a", reason: "worker_died", count: 2 },
      { queue: "crm", kind: "b", reason: "gave_up", count: 5 },
    ];
    expect(countOf(counts, {})).toBe(10);
    expect(countOf(counts, { kind: "a", reason: "gave_up" })).toBe(3);
    expect(countOf(counts, { queue: "ai" })).toBe(0);
  });
});
