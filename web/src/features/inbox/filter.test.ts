import { expect, it } from "vitest";

import { countOf, filterOf, fits, isSame, isUsual, queryOf, searchOf, viewOf, withFilter } from "./filter";
import { aConversation } from "./samples";

const ME = "usr_01kagx4f0ve2pbkr7w3m9d5tqz";
const BEN = "usr_01kagx4f0ve2pbkr7w3m9d5tqa";
const ACCOUNT = "chan_01kagx4f0ve2pbkr7w3m9d5tqz";
const of = (text: string) => filterOf(new URLSearchParams(text));

it("reads from the address what can be filtered by, and nothing else", () => {
  expect(of("")).toEqual({ status: "open" });
  expect(of("status=constructor&channel=telegram&assignee=everybody&account=1&unread=yes&waiting=0&q=%20")).toEqual({
    status: "open",
  });
  expect(of(`status=any&channel=x&account=${ACCOUNT}&assignee=me&unread=1&waiting=1&q=+refund+`)).toEqual({
    status: "any",
    channel: "x",
    account: ACCOUNT,
    assignee: "me",
    unread: true,
    waiting: true,
    q: "refund",
  });
});

it("asks the server in its own words", () => {
  expect(queryOf(of(""))).toEqual({ status: "open" });
  expect(queryOf(of("status=any&channel=web_chat&assignee=none&waiting=1"))).toEqual({
    platform: "web_chat",
    assignee: "none",
    awaiting: true,
  });
});

it("counts the chips that are set, and not the search", () => {
  expect(countOf(of("q=refund"))).toBe(0);
  expect(isUsual(of("q=refund"))).toBe(false);
  expect(countOf(of("status=closed&unread=1"))).toBe(2);
  expect(isUsual(of("status=open"))).toBe(true);
});

it("leaves the usual out of the address, and what else stands there in it", () => {
  expect(withFilter(new URLSearchParams("panel=contact&status=closed"), { status: "open" }).toString()).toBe(
    "panel=contact",
  );
});

it.each(["", "status=any", "channel=x&unread=1&q=a+b", "assignee=me", "assignee=none&waiting=1", `assignee=${BEN}`])(
  "comes back from a saved view as it went in: %s",
  (text) => {
    expect(isSame(filterOf(searchOf(viewOf(of(text), ME), ME)), of(text))).toBe(true);
  },
);

it("means by “me” in a shared view whoever saved it", () => {
  const view = viewOf(of("assignee=me"), BEN);
  expect(view.assignee).toEqual({ user: BEN });
  expect(filterOf(searchOf(view, ME)).assignee).toBe(BEN);
});

it("knows which conversation leaves the list when it changes", () => {
  const conversation = aConversation({ assignee_id: ME, unread_count: 1, awaiting_since: "2026-11-21T12:00:00Z" });
  expect(fits(of("assignee=me&unread=1&waiting=1&channel=facebook"), conversation, ME)).toBe(true);
  expect(fits(of(""), { ...conversation, status: "closed" }, ME)).toBe(false);
  expect(fits(of("status=any"), { ...conversation, status: "closed" }, ME)).toBe(true);
  expect(fits(of("assignee=none"), conversation, ME)).toBe(false);
  expect(fits(of("unread=1"), { ...conversation, unread_count: 0 }, ME)).toBe(false);
  expect(fits(of("channel=x"), conversation, ME)).toBe(false);
});
