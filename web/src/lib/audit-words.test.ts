import { globSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { actorOf, entityOf, tellOf, titleOf, type LogEntry } from "./audit-words";

const ENTRY: LogEntry = {
  seq: 1,
  at: "2026-11-21T09:00:00Z",
  actor_kind: "user",
  actor_id: "usr_1",
  actor_name: "Ada Admin",
  action: "user.role_changed",
  entity_kind: "user",
  entity_id: "usr_2",
  entity_name: "Bo <b>Berg</b>",
  hash: "00",
};

const tell = (action: string, before: unknown, after: unknown) => tellOf({ action, changes: { before, after } });

describe("what was done", () => {
  it("is a sentence with the values that changed", () => {
    expect(tell("user.role_changed", { role: "agent" }, { role: "sales_rep" })).toBe(
      "Changed the role from agent to sales rep",
    );
    expect(tell("user.status_changed", { status: "active" }, { status: "disabled" })).toBe("Disabled the user");
    expect(tell("session.opened", {}, { method: "password", mfa: true })).toBe("Logged in with two factors");
    expect(tell("session.ended", {}, { reason: "signed out" })).toBe("Logged out");
    expect(tell("settings.changed", { session_days: 30 }, { session_days: 7 })).toBe(
      "Changed how long a session lasts",
    );
    expect(tell("settings.changed", { first_response_minutes: 60 }, { first_response_minutes: 30 })).toBe(
      "Changed when answers are due",
    );
    expect(tell("sso.changed", {}, { issuer: "https://idp.test/" })).toBe("Set up single sign-on");
    expect(tell("sso.changed", { enabled: true }, { enabled: false })).toBe("Turned single sign-on off");
    expect(tell("dead_letters.replayed", {}, { count: 1200 })).toBe("Replayed 1,200 dead letters");
    expect(tell("dead_letters.discarded", {}, { count: 1, reason: "It was a test" })).toBe(
      "Discarded 1 dead letter: It was a test",
    );
    expect(tell("effect.settled_by_hand", { state: "unknown" }, { state: "failed", reason: "No such lead" })).toBe(
      "Gave up an outside action: No such lead",
    );
    expect(tell("tenant.weight_changed", { weight: 1 }, { weight: 3 })).toBe(
      "Changed the workspace's share of the workers from 1 to 3",
    );
    expect(tell("alert_rule.changed", { threshold: 300, severity: "error" }, { threshold: 60, severity: "info" })).toBe(
      "Changed the threshold and the severity of an alert rule",
    );
    expect(tell("alert_rule.changed", { enabled: true }, { enabled: false })).toBe("Switched an alert rule off");
    expect(tell("alert_target.removed", { name: "On call" }, {})).toBe("Removed the alert target “On call”");
  });

  it("is the action itself when nobody wrote a sentence for it", () => {
    expect(tell("lead.teleported", {}, { to: "mars" })).toBe("lead.teleported");
    expect(tell("constructor", {}, {})).toBe("constructor");
  });

  it("is there for every action that the program writes into a workspace's log", () => {
    const sources = globSync("../crates/{api,domain,hub}/src/**/*.rs");
    const own = sources.filter((file) => !file.endsWith("tests.rs"));
    const written = own.flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/Entry::new\(\s*"([^"]+)"/g)].flatMap(([, action]) => action ?? []),
    );
    // Of the installation as a whole, in a log that no workspace reads.
    const elsewhere = new Set(["master_key.rotated", "signing_key.rotated"]);
    const missing = written.filter((action) => titleOf(action) === action && !elsewhere.has(action));
    expect(written.length).toBeGreaterThan(20);
    expect([...new Set(missing)]).toEqual([]);
  });

  it("falls back to the title when the server tells less, or something else, than expected", () => {
    expect(tellOf({ action: "session.opened", changes: null })).toBe("Logged in");
    expect(tell("session.opened", {}, { method: "telepathy" })).toBe("Logged in");
    expect(tell("session.opened", {}, { method: "constructor" })).toBe("Logged in");
    expect(tellOf({ action: "user.added", changes: "?" })).toBe("Added a user");
    expect(tell("user.status_changed", null, ["x"])).toBe("Disabled or enabled a user");
  });

  it("keeps what people typed as they typed it", () => {
    expect(tell("user.renamed", {}, { name: "<img src=x>" })).toBe("Changed the name to “<img src=x>”");
    expect(tell("user.removed", { name: "Kim_2" }, {})).toBe("Removed the user “Kim_2”");
  });

  it("has a name for all actions that begin alike", () => {
    expect(titleOf("api_key.")).toBe("Anything about API keys");
    expect(titleOf("lead.")).toBe("lead.*");
    expect(titleOf("lead.scored")).toBe("lead.scored");
  });
});

describe("who and what", () => {
  it("are named, also when they are gone or unknown", () => {
    expect(actorOf(ENTRY)).toEqual({ name: "Ada Admin", kind: "User" });
    expect(actorOf({ ...ENTRY, actor_name: null }).name).toBe("A former user");
    expect(actorOf({ ...ENTRY, actor_kind: "system", actor_id: "upkeep" })).toEqual({
      name: "SocialAI Hub",
      kind: "upkeep",
    });
    expect(actorOf({ ...ENTRY, actor_kind: "robot", actor_id: "r2", actor_name: null })).toEqual({
      name: "r2",
      kind: "robot",
    });
    expect(entityOf(ENTRY)).toEqual({ name: "Bo <b>Berg</b>", kind: "User" });
    expect(entityOf({ ...ENTRY, entity_kind: "tenant", entity_name: null }).name).toBe("This workspace");
    expect(entityOf({ ...ENTRY, entity_kind: "battle_card", entity_name: null, entity_id: "bc_1" })).toEqual({
      name: "bc_1",
      kind: "battle card",
    });
  });
});
