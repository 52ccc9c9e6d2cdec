import { expect, it } from "vitest";

import {
  countOf,
  filterOf,
  fits,
  isSame,
  isUsual,
  queryOf,
  searchOf,
  viewOf,
  withFilter,
  type Conversation,
} from "./filter";
import { aConversation } from "./samples";

const ME = "usr_01kagx4f0ve2pbkr7w3m9d5tqz";
const BEN = "usr_01kagx4f0ve2pbkr7w3m9d5tqa";
const ACCOUNT = "chan_01kagx4f0ve2pbkr7w3m9d5tqz";
const of = (text: string) => filterOf(new URLSearchParams(text));

it("reads from the address what can be filtered by, and nothing else", () => {
  expect(of("")).toEqual({ status: "open" });
  expect(
    of("status=constructor&channel=telegram&assignee=everybody&account=1&unread=yes&waiting=0&sla=late&q=%20"),
  ).toEqual({
    status: "open",
  });
  expect(of(`status=any&channel=x&account=${ACCOUNT}&assignee=me&unread=1&waiting=1&sla=overdue&q=+refund+`)).toEqual({
    status: "any",
    channel: "x",
    account: ACCOUNT,
    assignee: "me",
    unread: true,
    waiting: true,
    sla: "overdue",
    q: "refund",
  });
});

it("asks the server in its own words", () => {
  expect(queryOf(of(""))).toEqual({ status: "open" });
  expect(queryOf(of("status=any&channel=web_chat&assignee=none&waiting=1&sla=due_soon"))).toEqual({
    platform: "web_chat",
    assignee: "none",
    awaiting: true,
    sla: "due_soon",
  });
});

it("counts the chips that are set, and not the search", () => {
  expect(countOf(of("q=refund"))).toBe(0);
  expect(isUsual(of("q=refund"))).toBe(false);
  expect(countOf(of("status=closed&unread=1"))).toBe(2);
  expect(countOf(of("sla=overdue"))).toBe(1);
  expect(isUsual(of("status=open"))).toBe(true);
});

it("leaves the usual out of the address, and what else stands there in it", () => {
  expect(withFilter(new URLSearchParams("panel=contact&status=closed"), { status: "open" }).toString()).toBe(
    "panel=contact",
  );
});

it.each([
  "",
  "status=any",
  "channel=x&unread=1&q=a+b",
  "assignee=me",
  "assignee=none&waiting=1",
  "sla=overdue",
  `assignee=${BEN}`,
])("comes back from a saved view as it went in: %s", (text) => {
  expect(isSame(filterOf(searchOf(viewOf(of(text), ME), ME)), of(text))).toBe(true);
});

it("means by “me” in a shared view whoever saved it", () => {
  const view = viewOf(of("assignee=me"), BEN);
  expect(view.assignee).toEqual({ user: BEN });
  expect(filterOf(searchOf(view, ME)).assignee).toBe(BEN);
});

it("knows which conversation leaves the list when it changes", () => {
  const conversation = aConversation({
    assignee_id: ME,
    unread_count: 1,
    awaiting_since: "2026-11-21T12:00:00Z",
    answer_due_at: "2026-11-21T13:00:00Z",
  });
  const at = (minute: number) => new Date(Date.parse("2026-11-21T12:00:00Z") + minute * 60_000);
  const fit = (text: string, changes: Partial<Conversation> = {}, minute = 0) =>
    fits(of(text), { ...conversation, ...changes }, ME, at(minute));
  expect(fit("assignee=me&unread=1&waiting=1&channel=facebook")).toBe(true);
  expect(fit("", { status: "closed" })).toBe(false);
  expect(fit("status=any", { status: "closed" })).toBe(true);
  expect(fit("assignee=none")).toBe(false);
  expect(fit("unread=1", { unread_count: 0 })).toBe(false);
  expect(fit("channel=x")).toBe(false);
  expect([44, 45, 59, 60].map((minute) => fit("sla=due_soon", {}, minute))).toEqual([false, true, true, false]);
  expect([59, 60].map((minute) => fit("sla=overdue", {}, minute))).toEqual([false, true]);
  expect(fit("sla=overdue&status=any", { status: "snoozed" }, 60)).toBe(false);
  expect(fit("sla=overdue", { awaiting_since: null, answer_due_at: null }, 60)).toBe(false);
});
