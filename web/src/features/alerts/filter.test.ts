import { expect, it } from "vitest";

import { countOf, filterOf, queryOf, withFilter } from "./filter";

const of = (text: string) => filterOf(new URLSearchParams(text));

it("reads from the address what can be filtered by, and nothing else", () => {
  expect(of("")).toEqual({ state: "open" });
  expect(of("state=constructor&severity=loud&rule=%00")).toEqual({ state: "open" });
  expect(of("state=any&severity=error&rule=circuits.open")).toEqual({
    state: "any",
    severity: "error",
    rule: "circuits.open",
  });
});

it("shows what is open unless somebody asks for more", () => {
  expect(queryOf(of(""))).toEqual({ state: "open" });
  expect(queryOf(of("state=any&severity=info"))).toEqual({ severity: "info" });
  expect(countOf(of(""))).toBe(0);
  expect(countOf(of("state=resolved&severity=info"))).toBe(2);
});

it("writes into the address only what is not usual", () => {
  const search = new URLSearchParams("state=any&rule=circuits.open");
  expect(withFilter(search, { state: "open" }).toString()).toBe("rule=circuits.open");
  expect(withFilter(search, { rule: undefined }).toString()).toBe("state=any");
});
