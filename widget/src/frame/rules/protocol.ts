/**
 * What the frame and the hub say to each other: the whole HTTP protocol of web chat. The server is written from this
 * header and `docs/web-chat.md`, which says the same with examples.
 *
 * Everything lies under `{hub}/v1/web-chat/{key}/`, where the key (`wgt_…`) names the widget and is no secret. Requests
 * come from the frame, whose document is the hub's own, so none is cross-origin; none carries a cookie. Bodies are JSON
 * in UTF-8. Times are RFC 3339. Ids, cursors and tokens are opaque text. Fields that are not known are ignored.
 *
 *   GET  config                     → 200 Config. Never a secret; may be cached for a minute.
 *   POST sessions                   NewSession → 201 Session. Asked for when the visitor sends the first message.
 *
 * The rest needs `Authorization: Bearer {token}` (a token never stands in an address, where logs would keep it):
 *
 *   POST messages                   NewMessage → 201 {message}. A client_id of this session that was seen before changes
 *                                   nothing and gets the same answer: 201 and the message as it was made then.
 *   GET  messages?after={cursor}    → 200 Page: what was made *or changed* after the cursor, at most 100, oldest first.
 *        messages                   → 200 Page: the newest 100, oldest first, `has_more` false.
 *   GET  events                     → 200 text/event-stream, see below.
 *   POST typing                     {is_typing} → 204. Sent every 4 seconds at most; holds for 8 seconds.
 *   POST read                       {up_to: message id} → 204. The visitor has seen this message and all before it.
 *   POST attachments                the file's bytes; Content-Type its type, X-File-Name its name, percent-encoded
 *                                   UTF-8 → 201 Attachment. It belongs to no message until one names it.
 *   GET  attachments/{id}           → 200 the bytes, Content-Disposition: attachment, X-Content-Type-Options: nosniff.
 *
 * Events. `id:` is a cursor, the same as in a Page, so that a list and a stream go on from each other's place: the stream
 * begins behind the `Last-Event-ID` header (or behind now without it). The server sends a comment line at once and one
 * at least every 20 seconds; a stream that is silent for 45 counts as dead.
 *
 *   message   Message              made; id
 *   updated   Message              edited, unsent, or an attachment is ready; id
 *   read      {up_to}              the company has seen the visitor's messages up to this one; id
 *   typing    {is_typing, from, name?}   no id: it is not repeated
 *   reset     {}                   the cursor is too old: the client reads `messages` without one; no id
 *
 * Refusals are problem documents (application/problem+json) with `code`. What the frame does depends on the status alone:
 *
 *   401 any                        the session is over: a new one is made, the message goes out in it
 *   400 for messages?after=        the cursor is unknown or too old: `messages` is read without one
 *   404 for config                 no such widget, or switched off: the launcher goes away
 *   429 with Retry-After           waits that long and tries again with the same client_id; says so
 *   400, 403, 404, 413, 415, 422   not tried again by itself; the visitor is told and may try again or remove it
 *   5xx, 408, no answer            tried again with growing pauses
 */

export interface Config {
  /** Of the company or the team, as the visitor reads it. */
  name: string;
  greeting: string | null;
  /** Whether somebody (or something) answers now. When not, the visitor may write all the same. */
  is_online: boolean;
  offline_message: string | null;
  /** Asked before the first message; null asks nothing. */
  pre_chat: PreChat | null;
  theme: Theme;
  /** Other words, by language (`en`, `de`, …; `*` for all): {de: {send: "Abschicken"}}. Keys as in words.ts. */
  texts: Record<string, Record<string, string>>;
  attachments: { allowed: boolean; max_bytes: number; types: string[] };
  /** Said where a machine answers; null says it in our own words. */
  disclosure: string | null;
}

export interface PreChat {
  /** `name` and `email` become the contact's; other names go into `fields`. */
  fields: PreChatField[];
  consent: { text: string; url: string | null } | null;
}

export interface PreChatField {
  name: string;
  label: string;
  required: boolean;
}

export interface Theme {
  /** #rrggbb */
  accent: string;
  /** Of the corners, in px. */
  radius: number;
  position: "right" | "left";
  mode: "light" | "dark" | "auto";
}

export interface NewSession {
  name?: string;
  email?: string;
  fields?: Record<string, string>;
  /** Present when the visitor was asked and agreed. */
  consent?: true;
  /** Of the host page, without its query and fragment: they may carry secrets. */
  page_url?: string;
  language?: string;
}

export interface Session {
  token: string;
  visitor_id: string;
}

export interface NewMessage {
  /** A UUID, made once for what the visitor meant to say; however often it is sent, it is said once. */
  client_id: string;
  /** At most 4,000 characters; may be empty when there are attachments. */
  text: string;
  attachment_ids?: string[];
  /** The payload of the button that was pressed. */
  quick_reply?: string;
}

export interface Message {
  id: string;
  /** Of the visitor's own messages. */
  client_id: string | null;
  from: "visitor" | "agent" | "machine";
  name: string | null;
  text: string;
  at: string;
  attachments: Attachment[];
  quick_replies: QuickReply[];
  /** Taken back: text and attachments are empty. */
  is_unsent: boolean;
  edited_at: string | null;
}

export interface Attachment {
  id: string;
  name: string;
  type: string;
  size: number;
}

export interface QuickReply {
  title: string;
  payload: string;
}

export interface Page {
  messages: Message[];
  cursor: string;
  has_more: boolean;
  /** The last message that the visitor has seen, and the last of the visitor's that the company has seen. */
  visitor_read_up_to: string | null;
  company_read_up_to: string | null;
}

export type Typing = { is_typing: boolean; from: "agent" | "machine"; name: string | null };

export const MAX_TEXT = 4000;

/** A picture that a browser draws and that can run nothing. */
export const isPicture = (type: string): boolean => /^image\/(png|jpeg|gif|webp|avif)$/.test(type);

// --- reading answers -------------------------------------------------------------------------------------------------
// An older or newer hub may leave things out. What is needed is checked, the rest gets a value that works.

type Json = Record<string, unknown>;

export class Unreadable extends Error {}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const object = (value: unknown): Json => (isObject(value) ? value : {});
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const textOrNull = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
const count = (value: unknown): number => (typeof value === "number" && value >= 0 ? value : 0);

function needed(value: unknown, what: string): string {
  if (typeof value !== "string" || value === "") throw new Unreadable(`The answer has no ${what}.`);
  return value;
}

export function readConfig(value: unknown): Config {
  const from = object(value);
  const theme = object(from["theme"]);
  const attachments = object(from["attachments"]);
  const texts: Config["texts"] = {};
  for (const [language, words] of Object.entries(object(from["texts"]))) {
    texts[language] = Object.fromEntries(
      Object.entries(object(words)).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    );
  }
  return {
    name: needed(from["name"], "name"),
    greeting: textOrNull(from["greeting"]),
    is_online: from["is_online"] !== false,
    offline_message: textOrNull(from["offline_message"]),
    pre_chat: readPreChat(from["pre_chat"]),
    theme: {
      accent: text(theme["accent"]),
      radius: typeof theme["radius"] === "number" ? theme["radius"] : 12,
      position: theme["position"] === "left" ? "left" : "right",
      mode: theme["mode"] === "light" || theme["mode"] === "dark" ? theme["mode"] : "auto",
    },
    texts,
    attachments: {
      allowed: attachments["allowed"] === true,
      max_bytes: count(attachments["max_bytes"]),
      types: list(attachments["types"]).map(text).filter(Boolean),
    },
    disclosure: textOrNull(from["disclosure"]),
  };
}

function readPreChat(value: unknown): PreChat | null {
  if (!isObject(value)) return null;
  const fields = list(value["fields"])
    .map(object)
    .map((field) => ({
      name: text(field["name"]),
      label: text(field["label"]) || text(field["name"]),
      required: field["required"] === true,
    }))
    .filter(({ name }) => name !== "");
  const consent = object(value["consent"]);
  const asked = textOrNull(consent["text"]);
  if (fields.length === 0 && !asked) return null;
  return { fields, consent: asked ? { text: asked, url: textOrNull(consent["url"]) } : null };
}

export function readSession(value: unknown): Session {
  const from = object(value);
  return { token: needed(from["token"], "token"), visitor_id: text(from["visitor_id"]) };
}

export function readMessage(value: unknown): Message {
  const from = object(value);
  return {
    id: needed(from["id"], "message id"),
    client_id: textOrNull(from["client_id"]),
    from: from["from"] === "visitor" || from["from"] === "machine" ? from["from"] : "agent",
    name: textOrNull(from["name"]),
    text: text(from["text"]),
    at: text(from["at"]),
    attachments: list(from["attachments"]).map(readAttachment),
    quick_replies: list(from["quick_replies"])
      .map(object)
      .map((reply) => ({ title: text(reply["title"]), payload: text(reply["payload"]) }))
      .filter(({ title }) => title !== ""),
    is_unsent: from["is_unsent"] === true,
    edited_at: textOrNull(from["edited_at"]),
  };
}

export function readAttachment(value: unknown): Attachment {
  const from = object(value);
  return {
    id: needed(from["id"], "attachment id"),
    name: text(from["name"]),
    type: text(from["type"]).toLowerCase(),
    size: count(from["size"]),
  };
}

export function readPage(value: unknown): Page {
  const from = object(value);
  return {
    messages: list(from["messages"]).map(readMessage),
    cursor: text(from["cursor"]),
    has_more: from["has_more"] === true,
    visitor_read_up_to: textOrNull(from["visitor_read_up_to"]),
    company_read_up_to: textOrNull(from["company_read_up_to"]),
  };
}

export function readTyping(value: unknown): Typing {
  const from = object(value);
  return {
    is_typing: from["is_typing"] === true,
    from: from["from"] === "machine" ? "machine" : "agent",
    name: textOrNull(from["name"]),
  };
}

export const readMark = (value: unknown): string | null => textOrNull(object(value)["up_to"]);
