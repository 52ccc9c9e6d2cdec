import { describe, expect, it } from "vitest";

import { explain, isWebAddress, returnOf, withoutReturn } from "./returns";

const back = (query: string) => returnOf(new URLSearchParams(query));

describe("the way back from a platform", () => {
  it("brings a choice or an error", () => {
    expect(back("platform=facebook&connection=tk_1")).toEqual({ platform: "facebook", connection: "tk_1" });
    expect(back("platform=x&error=declined")).toEqual({ platform: "x", error: "declined" });
  });

  it.each(["", "platform=x", "connection=tk_1", "platform=<b>&error=declined", "platform=x&error=a b"])(
    "is nothing in %j",
    (query) => expect(back(query)).toBeUndefined(),
  );

  it("is taken out of the address without the rest", () => {
    const rest = withoutReturn(new URLSearchParams("platform=x&error=declined&q=harbour"));
    expect(rest.toString()).toBe("q=harbour");
  });

  it.each(["declined", "refused", "expired", "no_accounts", "failed", "of_a_newer_server"])(
    "explains %s and what to do",
    (error) => {
      const { title, text, advice } = explain({ platform: "linkedin", error });
      for (const part of [title, text, advice]) expect(part).toMatch(/\w{3}.*/);
    },
  );

  it("says for each platform which log-in is needed", () => {
    expect(explain({ platform: "instagram", error: "no_accounts" }).advice).toMatch(/Facebook page/);
    expect(explain({ platform: "x", error: "no_accounts" }).advice).toMatch(/Log in at X/);
  });
});

describe("the address to log in at", () => {
  it.each([
    ["https://www.facebook.com/v26.0/dialog/oauth?x=1", true],
    ["http://127.0.0.1:9900/oauth", true],
    ["javascript:alert(1)", false],
    ["data:text/html,x", false],
    ["/relative", false],
    ["", false],
  ])("%s", (address, is) => expect(isWebAddress(address)).toBe(is));
});
