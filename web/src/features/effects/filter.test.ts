import { expect, it } from "vitest";

import { filterOf, withFilter } from "./filter";

const of = (text: string) => filterOf(new URLSearchParams(text));

it("reads from the address what can be filtered by, and nothing else", () => {
  expect(of("")).toEqual({});
  expect(of("state=constructor&about_kind=lead&kind=%00")).toEqual({});
  expect(of("state=unknown&kind=crm.write&about_kind=lead&about_id=lead_1")).toEqual({
    state: "unknown",
    kind: "crm.write",
    about_kind: "lead",
    about_id: "lead_1",
  });
});

it("drops a part of the filter, and closes what was open", () => {
  const search = new URLSearchParams("state=failed&kind=a&act=eff_1");
  expect(withFilter(search, { state: undefined }).toString()).toBe("kind=a");
});
