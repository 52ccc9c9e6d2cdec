import { describe, expect, it } from "vitest";

import { account } from "./an-account";
import { asksForGaps, inOrder, mendOf, reasonOf, summaryOf, tokenOf } from "./health";

const NOW = new Date("2026-11-29T12:00:00Z");

describe("an account's token", () => {
  it("does not end where the platform gave no end", () => {
    expect(tokenOf(account(), NOW)).toEqual({ text: "Does not end by itself", isUrgent: false });
  });

  it("is renewed by itself when the platform allows it, however soon it ends", () => {
    const one = account({ token_expires_at: "2026-11-29T13:00:00Z", refresh_at: "2026-11-29T12:30:00Z" });
    expect(tokenOf(one, NOW)).toEqual({ text: "Renewed by itself", at: "2026-11-29T12:30:00Z", isUrgent: false });
    expect(mendOf(one, NOW)).toBeUndefined();
  });

  it("asks for a new log-in a week before it ends", () => {
    const far = account({ token_expires_at: "2026-12-20T12:00:00Z" });
    const near = account({ token_expires_at: "2026-12-05T12:00:00Z" });
    const over = account({ token_expires_at: "2026-11-29T11:59:00Z", refresh_at: "2026-11-28T00:00:00Z" });
    expect([far, near, over].map((one) => mendOf(one, NOW))).toEqual([undefined, "Log in again", "Log in again"]);
    expect(tokenOf(over, NOW)?.text).toBe("Ended");
  });

  it("is nothing for web chat and for what is disconnected", () => {
    expect(tokenOf(account({ platform: "web_chat" }), NOW)).toBeUndefined();
    expect(tokenOf(account({ state: "disconnected" }), NOW)).toBeUndefined();
  });
});

describe("the button that mends an account", () => {
  it("is there for every state that a log-in mends", () => {
    const states = ["healthy", "degraded", "needs_you", "disconnected"] as const;
    const buttons = states.map((state) => mendOf(account({ state }), NOW));
    expect(buttons).toEqual([undefined, "Reconnect", "Reconnect", "Connect again"]);
  });

  it("is never there for web chat, which nobody logs in to", () => {
    expect(mendOf(account({ platform: "web_chat", state: "degraded" }), NOW)).toBeUndefined();
  });
});

describe("the list", () => {
  const accounts = [
    account({ id: "a" }),
    account({ id: "b", state: "disconnected" }),
    account({ id: "c", state: "needs_you" }),
    account({ id: "d", state: "degraded" }),
    account({ id: "e", state: "needs_you" }),
  ];

  it("begins with what needs somebody", () => {
    expect(inOrder(accounts).map(({ id }) => id)).toEqual(["c", "e", "d", "a", "b"]);
  });

  it("is summed up in one sentence", () => {
    expect(summaryOf(accounts)).toBe("2 accounts need you, 1 is degraded, 1 is healthy.");
    expect(summaryOf([account({ state: "disconnected" })])).toBe("");
  });

  it("says why an account does not work, also when the server gave no reason", () => {
    expect(reasonOf(account({ state: "needs_you", state_reason: "The password was changed." }))).toBe(
      "The password was changed.",
    );
    expect(reasonOf(account({ state: "needs_you" }))).toMatch(/connects it again/);
    expect(reasonOf(account())).toBeUndefined();
  });

  it("asks for the gaps of many accounts only where something is wrong", () => {
    expect(asksForGaps(account(), 3)).toBe(true);
    expect(asksForGaps(account(), 300)).toBe(false);
    expect(asksForGaps(account({ state: "degraded" }), 300)).toBe(true);
    expect(asksForGaps(account({ state: "disconnected" }), 3)).toBe(false);
  });
});
