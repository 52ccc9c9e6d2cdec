import { describe, expect, it } from "vitest";

import { dayOf, filterOf, mayMatch, queryOf, withFilter } from "./filter";

const parse = (search: string) => filterOf(new URLSearchParams(search));

describe("the filter in the address", () => {
  it("is read back as it was set", () => {
    const search = withFilter(new URLSearchParams("entry=7"), { action: "user.", from: "2026-11-01", actor: "usr_1" });
    expect(search.has("entry")).toBe(false);
    expect(filterOf(search)).toEqual({ action: "user.", from: "2026-11-01", actor: "usr_1" });
    expect(filterOf(withFilter(search, { action: undefined, from: "" }))).toEqual({ actor: "usr_1" });
  });

  it("leaves out what is no filter", () => {
    expect(parse("from=2026-02-30&until=yesterday&kind=%20&colour=red")).toEqual({});
    expect(parse(`action=${"x".repeat(101)}`)).toEqual({});
  });
});

describe("the filter for the server", () => {
  it("begins with the first day and ends before the day after the last", () => {
    const query = queryOf(parse("from=2026-11-01&until=2026-11-30"));
    expect(query.from).toBe(new Date(2026, 10, 1).toISOString());
    expect(query.until).toBe(new Date(2026, 11, 1).toISOString());
  });

  it("uses the server's own names", () => {
    expect(queryOf({ action: "user.", actor: "usr_1", kind: "user", about: "usr_2" })).toEqual({
      action: "user.",
      actor_id: "usr_1",
      entity_kind: "user",
      entity_id: "usr_2",
    });
    expect(queryOf({})).toEqual({});
  });
});

describe("an event", () => {
  const event = { action: "user.renamed", entity_kind: "user", entity_id: "usr_2" };

  it("may belong to the list unless the filter rules it out", () => {
    expect(mayMatch({}, event)).toBe(true);
    expect(mayMatch({ action: "user.", actor: "usr_9" }, event)).toBe(true);
    expect(mayMatch({ action: "user" }, event)).toBe(false);
    expect(mayMatch({ kind: "session" }, event)).toBe(false);
    expect(mayMatch({ about: "usr_3" }, event)).toBe(false);
  });
});

describe("days", () => {
  it("go back over the ends of months", () => {
    expect(dayOf(new Date(2026, 2, 1), 1)).toBe("2026-02-28");
    expect(dayOf(new Date(2026, 0, 1, 23, 59), 6)).toBe("2025-12-26");
  });
});
