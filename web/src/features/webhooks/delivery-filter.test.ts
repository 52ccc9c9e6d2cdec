import { expect, it } from "vitest";

import { filterOf, localText, momentOf, queryOf } from "./delivery-filter";

const read = (text: string) => filterOf(new URLSearchParams(text));

it("reads what an address says, and leaves out what is no filter", () => {
  expect(read("state=failed&event=user.renamed&from=2026-03-01T09:30")).toEqual({
    state: "failed",
    event: "user.renamed",
    from: "2026-03-01T09:30",
  });
  expect(read("state=constructor&event=&from=yesterday&until=2026-99-01T00:00")).toEqual({});
});

it("asks the server for moments", () => {
  expect(queryOf(read("from=2026-03-01T09:30"))).toEqual({ from: new Date(2026, 2, 1, 9, 30).toISOString() });
});

it("writes a moment as it reads it", () => {
  const at = new Date(2026, 0, 2, 3, 4);
  expect(localText(at)).toBe("2026-01-02T03:04");
  expect(momentOf(localText(at))).toEqual(at);
});
