/**
 * The audit log in words: what was done, by whom, to what. A table, so that a new action of the server is one line here;
 * what the table does not know is shown as it came.
 */
import type { Schemas } from "@socialai/api-client";

import { formatNumber, listOf } from "./format";

export type LogEntry = Schemas["LogEntry"];

/** A name to show, and a word about what bears it. */
export interface Named {
  name: string;
  kind: string;
}

type Fields = Record<string, unknown>;
interface Change {
  before: Fields;
  after: Fields;
}

interface Words {
  title: string;
  /** More than the title says, from what changed. */
  tell?: (change: Change) => string | undefined;
}

const ACTIONS: Record<string, Words> = {
  "user.added": {
    title: "Added a user",
    tell: ({ after }) => (after["role"] ? `Added a user as ${said(after["role"])}` : undefined),
  },
  "user.created_by_sso": { title: "Added a user at their first single sign-on" },
  "user.role_changed": {
    title: "Changed a role",
    tell: ({ before, after }) => `Changed the role from ${said(before["role"])} to ${said(after["role"])}`,
  },
  "user.status_changed": {
    title: "Disabled or enabled a user",
    tell: ({ after }) => known(STATUS, String(after["status"])),
  },
  "user.renamed": { title: "Changed a name", tell: ({ after }) => `Changed the name to “${said(after["name"])}”` },
  "user.removed": {
    title: "Removed a user",
    tell: ({ before }) => (before["name"] ? `Removed the user “${said(before["name"])}”` : undefined),
  },
  "user.sso_linked": { title: "Linked a user to single sign-on" },
  "user.password_reset_sent": { title: "Sent a link to reset the password" },
  "user.password_reset": { title: "Reset a password" },
  "user.mfa_reset": { title: "Reset the second factors" },
  "user.factors_changed": {
    title: "Changed their second factors",
    tell: ({ after }) => known(FACTORS, String(after["change"])),
  },
  "invitation.created": {
    title: "Invited somebody",
    tell: ({ after }) => (after["email"] ? `Invited ${said(after["email"])} as ${said(after["role"])}` : undefined),
  },
  "invitation.renewed": { title: "Sent an invitation again" },
  "invitation.revoked": { title: "Withdrew an invitation" },
  "invitation.accepted": { title: "Accepted an invitation" },
  "api_key.created": {
    title: "Created an API key",
    tell: ({ after }) => (after["scopes"] ? `Created an API key for ${said(after["scopes"])}` : undefined),
  },
  "api_key.rotated": { title: "Rotated an API key" },
  "api_key.revoked": { title: "Revoked an API key" },
  "session.opened": {
    title: "Logged in",
    tell: ({ after }) => {
      if (after["method"] === "password" && after["mfa"]) return "Logged in with two factors";
      return known(METHODS, String(after["method"]));
    },
  },
  "session.ended": {
    title: "Ended a session",
    tell: ({ after }) => {
      if (after["reason"] === "signed out") return "Logged out";
      return after["reason"] ? `Ended a session: ${said(after["reason"])}` : undefined;
    },
  },
  "settings.changed": {
    title: "Changed the workspace’s settings",
    tell: ({ after }) => {
      const fields = Object.keys(after).map((name) => known(SETTINGS, name) ?? said(name));
      return fields.length > 0 ? `Changed ${listOf(fields)}` : undefined;
    },
  },
  "sso.changed": {
    title: "Changed single sign-on",
    tell: ({ before, after }) => {
      if (Object.keys(before).length === 0) return "Set up single sign-on";
      if (!("enabled" in after)) return undefined;
      return after["enabled"] ? "Turned single sign-on on" : "Turned single sign-on off";
    },
  },
  "sso.log_in_tested": {
    title: "Tested single sign-on",
    tell: ({ after }) => (after["works"] === false ? "Tested single sign-on, which failed" : undefined),
  },
  "sso.removed": { title: "Removed single sign-on" },
  "webhook_endpoint.created": {
    title: "Added a webhook endpoint",
    tell: ({ after }) => (after["name"] ? `Added the webhook endpoint “${said(after["name"])}”` : undefined),
  },
  "webhook_endpoint.changed": {
    title: "Changed a webhook endpoint",
    tell: ({ after }) => (after["name"] ? `Changed the webhook endpoint “${said(after["name"])}”` : undefined),
  },
  "webhook_endpoint.removed": {
    title: "Removed a webhook endpoint",
    tell: ({ before }) => (before["name"] ? `Removed the webhook endpoint “${said(before["name"])}”` : undefined),
  },
  "webhook_endpoint.secret_rotated": { title: "Rotated the secret of a webhook endpoint" },
  "webhook_endpoint.disabled": {
    title: "Switched a webhook endpoint off",
    tell: ({ after }) => known(SWITCHED_OFF, String(after["reason"])),
  },
  "webhook_endpoint.enabled": {
    title: "Switched a webhook endpoint on",
    tell: ({ after }) =>
      typeof after["replayed"] === "number"
        ? `Switched a webhook endpoint on and sent again what it missed: ${formatNumber(after["replayed"])}`
        : undefined,
  },
  "webhook_delivery.replayed": {
    title: "Sent webhook deliveries again",
    tell: ({ after }) =>
      typeof after["replayed"] === "number"
        ? `Sent webhook deliveries again: ${formatNumber(after["replayed"])}`
        : undefined,
  },
  "dead_letters.replayed": {
    title: "Replayed dead letters",
    tell: ({ after }) => lettersOf("Replayed", after["count"]),
  },
  "dead_letters.discarded": {
    title: "Discarded dead letters",
    tell: ({ after }) => {
      const words = lettersOf("Discarded", after["count"]);
      return words && typeof after["reason"] === "string" ? `${words}: ${after["reason"]}` : words;
    },
  },
  "contact.changed": { title: "Changed a contact" },
  "contact.merged": { title: "Made one contact of two" },
  "contact.parted": { title: "Parted a contact into two again" },
  "contact.erased": { title: "Erased a person, because a platform asked for it" },
  "reply.written": { title: "Answered somebody" },
  "conversation_note.written": { title: "Wrote a note" },
  "conversation_note.changed": { title: "Changed a note" },
  "conversation_note.removed": { title: "Removed a note" },
  "canned_reply.created": { title: "Added a canned reply" },
  "canned_reply.changed": { title: "Changed a canned reply" },
  "canned_reply.removed": { title: "Removed a canned reply" },
  "saved_view.created": { title: "Saved a view of the inbox" },
  "saved_view.changed": { title: "Changed a saved view" },
  "saved_view.removed": { title: "Removed a saved view" },
  "channel_account.connected": { title: "Connected a channel account" },
  "channel_account.changed": { title: "Changed a channel account" },
  "channel_account.state_changed": {
    title: "A channel account’s state changed",
    tell: ({ after }) => (after["state"] ? `A channel account is ${said(after["state"])}` : undefined),
  },
  "channel_account.disconnected": { title: "Disconnected a channel account" },
  "channel_app.saved": { title: "Set the workspace’s own app at a platform" },
  "channel_app.removed": { title: "Removed the workspace’s own app at a platform" },
  "data_deletion.requested": { title: "A platform asked for a person’s data to be deleted" },
  "data_deletion.done": { title: "Deleted what a platform asked to delete" },
  "effect.settled_by_hand": {
    title: "Settled an outside action",
    tell: ({ after }) => {
      const words = known(SETTLED, String(after["state"]));
      return words && typeof after["reason"] === "string" ? `${words}: ${after["reason"]}` : words;
    },
  },
  "alert_rule.changed": {
    title: "Changed an alert rule",
    tell: ({ after }) => {
      const fields = Object.keys(after);
      if (fields.length === 1 && fields[0] === "enabled") {
        return after["enabled"] ? "Switched an alert rule on" : "Switched an alert rule off";
      }
      const words = fields.map((name) => known(RULE, name) ?? said(name));
      return words.length > 0 ? `Changed ${listOf(words)} of an alert rule` : undefined;
    },
  },
  "alert_target.created": {
    title: "Added an alert target",
    tell: ({ after }) => (after["name"] ? `Added the alert target “${said(after["name"])}”` : undefined),
  },
  "alert_target.changed": {
    title: "Changed an alert target",
    tell: ({ after }) => {
      if (Object.keys(after).length !== 1 || !("enabled" in after)) return undefined;
      return after["enabled"] ? "Switched an alert target on" : "Switched an alert target off";
    },
  },
  "alert_target.removed": {
    title: "Removed an alert target",
    tell: ({ before }) => (before["name"] ? `Removed the alert target “${said(before["name"])}”` : undefined),
  },
  "alert_target.tested": { title: "Sent a test to an alert target" },
  "audit_log.exported": { title: "Exported the audit log" },
  "tenant.created": { title: "Created the workspace" },
  "tenant.renamed": {
    title: "Renamed the workspace",
    tell: ({ after }) => `Renamed the workspace to “${said(after["name"])}”`,
  },
  "tenant.status_changed": {
    title: "Changed the state of the workspace",
    tell: ({ after }) => `Changed the state of the workspace to ${said(after["status"])}`,
  },
  "tenant.weight_changed": {
    title: "Changed the workspace's share of the workers",
    tell: ({ before, after }) =>
      `Changed the workspace's share of the workers from ${said(before["weight"])} to ${said(after["weight"])}`,
  },
  "tenant.move_started": { title: "Began to move the workspace to another database" },
  "tenant.move_aborted": { title: "Stopped moving the workspace" },
  "tenant.moved": { title: "Moved the workspace to another database" },
  "tenant.purged": { title: "Removed the workspace and its data for good" },
  "person.created": { title: "Created an account" },
  "person.password_changed": { title: "Changed the password" },
  "person.totp_enrolled": { title: "Set up an authenticator app" },
  "person.totp_removed": { title: "Removed the authenticator app" },
  "person.passkey_added": { title: "Added a passkey" },
  "person.passkey_removed": { title: "Removed a passkey" },
  "person.recovery_codes_made": { title: "Made new recovery codes" },
  "person.recovery_code_used": { title: "Used a recovery code" },
  "person.mfa_reset": { title: "Reset the second factors" },
  "person.log_in_failed": { title: "Failed to log in" },
  "person.second_factor_wrong": { title: "Entered a wrong second factor" },
};

const FACTORS: Record<string, string> = {
  totp_enrolled: "Set up an authenticator app",
  totp_removed: "Removed the authenticator app",
  passkey_added: "Added a passkey",
  passkey_removed: "Removed a passkey",
  recovery_codes_made: "Made new recovery codes",
};
const SWITCHED_OFF: Record<string, string> = {
  by_hand: "Switched a webhook endpoint off",
  gone: "Switched a webhook endpoint off, because it answered that it is gone",
  failing: "Switched a webhook endpoint off, because it only failed for days",
};
const SETTLED: Record<string, string> = {
  confirmed: "Said that an outside action took place",
  failed: "Gave up an outside action",
};
const RULE: Record<string, string> = {
  threshold: "the threshold",
  for_minutes: "the minutes",
  severity: "the severity",
  enabled: "whether it is on",
  targets: "the targets",
};
const STATUS: Record<string, string> = { disabled: "Disabled the user", active: "Enabled the user" };
const METHODS: Record<string, string> = {
  password: "Logged in with a password",
  passkey: "Logged in with a passkey",
  sso: "Logged in through single sign-on",
  invitation: "Logged in by accepting an invitation",
};
const SETTINGS: Record<string, string> = {
  mfa_roles: "who needs a second factor",
  session_days: "how long a session lasts",
  first_response_minutes: "when answers are due",
};

/** Kinds of things that entries are about. */
export const ENTITY_KINDS: Record<string, string> = {
  user: "User",
  person: "Person",
  invitation: "Invitation",
  api_key: "API key",
  session: "Session",
  dead_letters: "Dead letters",
  effect: "Outside action",
  tenant: "Workspace",
  webhook_endpoint: "Webhook endpoint",
  webhook_delivery: "Webhook delivery",
  alert_rule: "Alert rule",
  alert_target: "Alert target",
};

const GROUPS: Record<string, string> = {
  user: "Anything about users",
  person: "Anything about people",
  invitation: "Anything about invitations",
  api_key: "Anything about API keys",
  session: "Anything about sessions",
  dead_letters: "Anything about dead letters",
  effect: "Anything about outside actions",
  tenant: "Anything about the workspace",
  sso: "Anything about single sign-on",
  webhook_endpoint: "Anything about webhook endpoints",
  webhook_delivery: "Anything about webhook deliveries",
  alert_rule: "Anything about alert rules",
  alert_target: "Anything about alert targets",
};

/** The name of an action, or of all that begin alike ("user."). */
export function titleOf(action: string): string {
  if (!action.endsWith(".")) return known(ACTIONS, action)?.title ?? action;
  return known(GROUPS, action.slice(0, -1)) ?? `${action}*`;
}

/** What was done, as a sentence whose subject is left out. */
export function tellOf(entry: Pick<LogEntry, "action" | "changes">): string {
  const words = known(ACTIONS, entry.action);
  if (!words) return entry.action;
  const change = changeOf(entry.changes);
  return (change && words.tell?.(change)) || words.title;
}

export function actorOf({ actor_kind, actor_id, actor_name }: LogEntry): Named {
  switch (actor_kind) {
    case "user":
      return { name: actor_name ?? "A former user", kind: "User" };
    case "api_key":
      return { name: actor_name ?? "An API key", kind: "API key" };
    case "operator":
      return { name: "The operator", kind: said(actor_id) };
    case "system":
      return { name: "SocialAI Hub", kind: said(actor_id) };
    case "anonymous":
      return { name: "Somebody", kind: "Not logged in" };
    default:
      return { name: actor_name ?? actor_id, kind: said(actor_kind) };
  }
}

export function entityOf({ entity_kind, entity_id, entity_name }: LogEntry): Named {
  const kind = known(ENTITY_KINDS, entity_kind) ?? said(entity_kind);
  if (entity_name) return { name: entity_name, kind };
  // What concerns many at once is about the workspace.
  if (entity_kind === "tenant" || entity_kind === "dead_letters") return { name: "This workspace", kind };
  return { name: entity_id, kind };
}

function lettersOf(verb: string, count: unknown): string | undefined {
  if (typeof count !== "number") return undefined;
  return count === 1 ? `${verb} 1 dead letter` : `${verb} ${formatNumber(count)} dead letters`;
}

function changeOf(changes: unknown): Change | undefined {
  if (!isFields(changes)) return undefined;
  const { before, after } = changes;
  return { before: isFields(before) ? before : {}, after: isFields(after) ? after : {} };
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Own entries only: an action may be called `constructor`. */
const known = <T>(table: Record<string, T>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** A value inside a sentence. */
function said(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return listOf(value.map(said));
  if (typeof value === "string") return /^[a-z]+(_[a-z]+)+$/.test(value) ? value.replaceAll("_", " ") : value;
  return JSON.stringify(value);
}
