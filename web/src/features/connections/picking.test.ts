import { describe, expect, it } from "vitest";

import { matching, nameOf, picksOf, summaryOf } from "./picking";

const found = (id: string, name: string | null, rest: object = {}) => ({
  external_id: id,
  name,
  handle: null,
  avatar_url: null,
  account_id: null,
  is_connected: false,
  ...rest,
});

const BAKERY = found("1", "Bakery North", { handle: "bakery.north" });
const HARBOUR = found("2", "Harbour & Sons", { account_id: "chan_1", is_connected: true });
const OLD = found("3", "Old Mill", { account_id: "chan_2" });

describe("the accounts to choose from", () => {
  it("are searched by name, handle and id", () => {
    const ids = (search: string) => matching([BAKERY, HARBOUR, OLD], search).map(({ external_id: id }) => id);
    expect(ids("")).toEqual(["1", "3", "2"]);
    expect(ids("  NORTH bak ")).toEqual(["1"]);
    expect(ids("bakery.n")).toEqual(["1"]);
    expect(ids("3")).toEqual(["3"]);
    expect(ids("nobody")).toEqual([]);
  });

  it("have a name in any case", () => {
    expect(nameOf(found("9", " ", { handle: "nine" }))).toBe("nine");
    expect(nameOf(found("9", null))).toBe("9");
  });

  it("are ticked where there is only one, and where they were connected before", () => {
    expect(picksOf([BAKERY])).toEqual(["1"]);
    expect(picksOf([BAKERY, HARBOUR, OLD])).toEqual(["3"]);
    expect(picksOf([])).toEqual([]);
  });
});

describe("what became of them", () => {
  it("is counted, and each failure keeps its reason", () => {
    const problem = { code: "invalid", detail: "It belongs to another workspace." };
    const outcomes = [
      { external_id: "1", account: {} as never, problem: null },
      { external_id: "2", account: null, problem },
      { external_id: "3", account: null, problem: null },
    ];
    expect(summaryOf(outcomes)).toEqual({
      connected: 1,
      failed: [
        { id: "2", detail: "It belongs to another workspace." },
        { id: "3", detail: "The server did not say why." },
      ],
    });
  });
});
