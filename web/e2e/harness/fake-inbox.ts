/**
 * An inbox whose server is played here: the same addresses and answers as the program's, and states that could not be made
 * with it on purpose (a hundred thousand conversations, an answer that is refused, a colleague who is faster). The session,
 * people and everything else are the program's own.
 */
import type { Schemas } from "@socialai/api-client";
import type { Page, Route } from "@playwright/test";

type Conversation = Schemas["Conversation"];
type Message = Schemas["Message"];
interface Problem {
  status: number;
  code: string;
  title: string;
  detail: string;
  errors?: { field: string; message: string }[];
}

/** A part of an id: its last letters say which. */
export const idOf = (prefix: string, number: number): string =>
  `${prefix}_01kagx4f0ve2pbkr7w3m${String(number).padStart(6, "0")}`;

const MINUTE = 60_000;
export const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * MINUTE).toISOString();

/** Of somebody who has been waiting for so long; an answer is due within an hour. */
export const waiting = (minutes: number): Pick<Conversation, "awaiting_since" | "answer_due_at"> => ({
  awaiting_since: minutesAgo(minutes),
  answer_due_at: minutesAgo(minutes - 60),
});

export function aConversation(number: number, changes: Partial<Conversation> = {}): Conversation {
  return {
    id: idOf("conv", number),
    account_id: idOf("chan", 1),
    identity_id: idOf("cid", number),
    contact_id: idOf("cont", number),
    contact_name: `Person ${number}`,
    platform: "facebook",
    surface: "message",
    thread_key: "",
    status: "open",
    unread_count: 0,
    last_activity_at: minutesAgo(number),
    last_inbound_at: minutesAgo(number),
    preview: `The last line of ${number}`,
    preview_direction: "in",
    was_invited: true,
    machine_paused: false,
    created_at: minutesAgo(number + 60),
    updated_at: minutesAgo(number),
    ...changes,
  };
}

let messages = 0;

export function aMessage(of: Conversation, changes: Partial<Message> = {}): Message {
  messages += 1;
  const isOut = changes.direction === "out";
  return {
    id: idOf("msg", messages),
    conversation_id: of.id,
    seq: messages,
    direction: "in",
    author_kind: isOut ? "user" : "contact",
    kind: "text",
    text: `Message ${messages}`,
    quick_replies: [],
    provider_at: new Date().toISOString(),
    received_at: new Date().toISOString(),
    attachments: [],
    reactions: [],
    ...changes,
  };
}

const POLICY: Schemas["ConversationPolicy"] = {
  at: new Date().toISOString(),
  rules: {
    platform: "facebook",
    surface: "message",
    unit: "characters",
    default_limit: 500,
    hard_limit: 2000,
    window: { standard_seconds: 86_400 },
    media: ["image"],
    most_attachments: 1,
    largest_attachment_bytes: 26_214_400,
    text_with_media: false,
    most_quick_replies: 13,
    needs_invitation: false,
    is_draft_only: false,
  },
  verdict: { rules_version: 1, text_limit: 500, needs_human_agent_tag: false },
};

export interface Asked {
  method: string;
  path: string;
  key: string | undefined;
  body: Record<string, unknown>;
}

const MAY = ["conversations:read", "conversations:write", "channels:read"];

export class FakeInbox {
  conversations: Conversation[] = [];
  messages = new Map<string, Message[]>();
  notes: Schemas["ConversationNote"][] = [];
  gaps: Schemas["ChannelGap"][] = [];
  views: Schemas["SavedView"][] = [];
  canned: Schemas["CannedReply"][] = [];
  merges: Schemas["ContactMerge"][] = [];
  presence: Schemas["ConversationPresence"][] = [];
  uploads: Schemas["Attachment"][] = [];
  policy = structuredClone(POLICY);
  /** Changes that were asked for. */
  readonly asked: Asked[] = [];
  permissions: string[] = MAY;
  #held: { path: RegExp; until: Promise<void> }[] = [];
  #refusals: { path: RegExp; problem: Problem }[] = [];
  #events: string[] = [];
  #listener: (() => void) | undefined;
  #me = "";

  static async on(page: Page): Promise<FakeInbox> {
    const fake = new FakeInbox();
    await page.route(/\/api\/v1\/auth\/refresh$/, (route) => fake.#session(route));
    await page.route(/\/api\/v1\/events$/, (route) => fake.#stream(route));
    await page.route(
      /\/api\/v1\/(conversations|messages|notes|saved-views|canned-replies|contacts|contact-merges|attachments)([/?]|$)/,
      (route) => fake.#answer(route),
    );
    return fake;
  }

  add(conversation: Conversation, said: Message[] = []): Conversation {
    this.conversations.push(conversation);
    this.messages.set(conversation.id, said);
    return conversation;
  }

  of(id: string): Conversation {
    const found = this.conversations.find((one) => one.id === id);
    if (!found) throw new Error(`There is no conversation ${id}`);
    return found;
  }

  /** The customer writes. */
  receive(id: string, text: string): void {
    const conversation = this.of(id);
    const message = aMessage(conversation, { text });
    this.messages.get(id)?.push(message);
    Object.assign(conversation, {
      preview: text,
      preview_direction: "in",
      unread_count: conversation.unread_count + 1,
      last_activity_at: message.provider_at,
      last_inbound_at: message.provider_at,
    });
    this.tell("message.received", "message", message.id);
  }

  /** An event in the streams of all pages. */
  tell(action: string, kind: string, id: string): void {
    const data = JSON.stringify({ action, entity_kind: kind, entity_id: id, at: new Date().toISOString() });
    const number = action === "presence.changed" ? "" : `id: ${Date.now()}\n`;
    this.#events.push(`event: ${action}\n${number}data: ${data}\n\n`);
    this.#listener?.();
  }

  /** The next request to this address is refused. */
  refuse(path: RegExp, problem: Problem): void {
    this.#refusals.push({ path, problem });
  }

  /** The next request to this address is carried out, and answered when the function that is given back is called. */
  hold(path: RegExp): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.push({ path, until: promise });
    return resolve;
  }

  /** What was asked of this address, in order. */
  to(path: RegExp): Asked[] {
    return this.asked.filter((one) => path.test(one.path));
  }

  async #session(route: Route): Promise<void> {
    const response = await route.fetch();
    const facts = (await response.json()) as Schemas["SignedIn"];
    this.#me = facts.user?.id ?? "";
    const others = (facts.permissions ?? []).filter((name) => !MAY.includes(name));
    await route.fulfill({ response, json: { ...facts, permissions: [...others, ...this.permissions] } });
  }

  /** Each connection ends with the first events that it brings; the page comes back for the next. */
  async #stream(route: Route): Promise<void> {
    if (this.#events.length === 0) await new Promise<void>((resolve) => (this.#listener = resolve));
    const body = `event: ready\nid: 1\ndata: {}\n\n${this.#events.splice(0).join("")}`;
    await route.fulfill({ contentType: "text/event-stream", body }).catch(() => undefined);
  }

  async #answer(route: Route): Promise<void> {
    const request = route.request();
    const url = new URL(request.url());
    const path = url.pathname.replace("/api/v1", "");
    const method = request.method();
    const isJson = request.headers()["content-type"]?.includes("json") ?? false;
    const body = (isJson ? request.postDataJSON() : {}) as Record<string, unknown>;
    if (method !== "GET" && !path.endsWith("/typing")) {
      this.asked.push({ method, path, key: request.headers()["idempotency-key"], body });
    }
    const refusal = this.#refusals.findIndex((one) => one.path.test(path));
    if (refusal >= 0) {
      const [{ problem } = { problem: undefined }] = this.#refusals.splice(refusal, 1);
      const json = { type: "about:blank", ...problem };
      return route.fulfill({ status: problem?.status ?? 500, contentType: "application/problem+json", json });
    }
    if (path.endsWith("/content")) return route.fulfill({ contentType: "image/png", body: DOT });
    const json = this.#json(method, path, url.searchParams, body);
    const held = this.#held.findIndex((one) => one.path.test(path));
    if (held >= 0) await this.#held.splice(held, 1)[0]?.until;
    if (json !== undefined) return route.fulfill(json === null ? { status: 204 } : { json });
    const problem = { type: "about:blank", title: "Not found", status: 404, code: "not_found", detail: "Not here." };
    return route.fulfill({ status: 404, contentType: "application/problem+json", json: problem });
  }

  #json(method: string, path: string, query: URLSearchParams, body: Record<string, unknown>): unknown {
    const [, noun = "", id = "", what = ""] = path.split("/");
    if (noun === "conversations") return this.#conversation(method, id, what, query, body);
    if (noun === "saved-views") return this.#view(method, id, body);
    if (noun === "canned-replies") return what === "expand" ? this.#filled(id, body) : { items: this.canned };
    if (noun === "notes") return this.#note(method, id, body);
    if (noun === "contacts") return this.#contact(method, id, what, query, body);
    if (noun === "contact-merges") {
      this.merges = this.merges.filter((merge) => merge.id !== id);
      return {};
    }
    if (noun === "attachments") return method === "DELETE" ? null : this.#upload(query);
    if (noun === "messages" && what === "retry") {
      const message = [...this.messages.values()].flat().find((one) => one.id === id);
      return message && Object.assign(message, { state: "queued", state_reason: null });
    }
    return undefined;
  }

  #conversation(method: string, id: string, what: string, query: URLSearchParams, body: Record<string, unknown>) {
    if (id === "") return this.#list(query);
    if (id === "counts") return this.#counts();
    const conversation = this.conversations.find((one) => one.id === id);
    if (!conversation) return undefined;
    const set = (changes: Partial<Conversation>) => Object.assign(conversation, changes);
    switch (what) {
      case "":
        return conversation;
      case "messages":
        return this.#messages(id, query);
      case "policy":
        return this.policy;
      case "presence":
      case "typing":
        return this.presence;
      case "notes":
        return method === "POST"
          ? this.#write(id, body)
          : { items: this.notes.filter((one) => one.conversation_id === id) };
      case "reply":
        return this.#reply(conversation, body);
      case "assign":
        return set({ assignee_id: (body["assignee_id"] as string | null) ?? null });
      case "snooze":
        return set({ status: "snoozed", snoozed_until: String(body["until"]) });
      case "close":
        return set({ status: "closed", closed_at: new Date().toISOString(), unread_count: 0, ...ANSWERED });
      case "reopen":
        return set({ status: "open", closed_at: null, snoozed_until: null });
      case "read":
        return set({ unread_count: 0 });
      case "unread":
        return set({ unread_count: 1 });
      case "claim":
        return set({ claimed_by: this.#me, claimed_until: new Date(Date.now() + MINUTE).toISOString() });
      case "release":
        return set({ claimed_by: null, claimed_until: null });
      case "pause-machine":
        return set({ machine_paused: true });
      case "resume-machine":
        return set({ machine_paused: false });
      default:
        return undefined;
    }
  }

  #list(query: URLSearchParams) {
    const is = (name: string, value: string | undefined | null) => !query.has(name) || query.get(name) === value;
    const found = this.conversations
      .filter(
        (one) =>
          is("status", one.status) &&
          is("platform", one.platform) &&
          (!query.has("assignee") ||
            (one.assignee_id ?? "none") === (query.get("assignee") === "me" ? this.#me : query.get("assignee"))) &&
          (!query.has("unread") || one.unread_count > 0) &&
          (!query.has("awaiting") || Boolean(one.awaiting_since)) &&
          is("sla", one.status === "open" ? slaOf(one) : undefined) &&
          (!query.has("q") || `${one.contact_name} ${one.preview}`.toLowerCase().includes(query.get("q") ?? "")),
      )
      .toSorted((one, other) =>
        query.has("sla")
          ? at(one.awaiting_since) - at(other.awaiting_since)
          : at(other.last_activity_at) - at(one.last_activity_at),
      );
    return pageOf(found, query);
  }

  #counts(): Schemas["ConversationCounts"] {
    const open = this.conversations.filter(({ status }) => status === "open");
    return {
      open: Math.min(open.length, 1000),
      unassigned: Math.min(open.filter((one) => !one.assignee_id).length, 1000),
      mine: open.filter((one) => one.assignee_id === this.#me).length,
      unread: open.filter((one) => one.unread_count > 0).length,
      snoozed: this.conversations.filter(({ status }) => status === "snoozed").length,
    };
  }

  #messages(id: string, query: URLSearchParams) {
    const newestFirst = (this.messages.get(id) ?? []).toReversed();
    return { ...pageOf(newestFirst, query), gaps: query.has("cursor") ? [] : this.gaps };
  }

  /** Called PDF it is one; anything else is the picture that `content` answers with. */
  #upload(query: URLSearchParams): Schemas["Attachment"] {
    const name = query.get("file_name") ?? "";
    const isPicture = !name.endsWith(".pdf");
    const file: Schemas["Attachment"] = {
      id: idOf("att", this.uploads.length + 100),
      kind: isPicture ? "image" : "file",
      state: "stored",
      file_name: name,
      content_type: isPicture ? "image/png" : "application/pdf",
      size_bytes: DOT.length,
      created_at: new Date().toISOString(),
    };
    this.uploads.push(file);
    return file;
  }

  #reply(conversation: Conversation, body: Record<string, unknown>): Message {
    const ids = (body["attachment_ids"] ?? []) as string[];
    const message = aMessage(conversation, {
      direction: "out",
      author_kind: "user",
      author_id: this.#me,
      text: typeof body["text"] === "string" ? body["text"] : "",
      attachments: this.uploads.filter(({ id }) => ids.includes(id)),
      state: "sent",
      state_at: new Date().toISOString(),
    });
    this.messages.get(conversation.id)?.push(message);
    Object.assign(conversation, {
      preview: message.text,
      preview_direction: "out",
      last_activity_at: message.provider_at,
      ...ANSWERED,
      status: "open",
    });
    return message;
  }

  #write(id: string, body: Record<string, unknown>): Schemas["ConversationNote"] {
    const note = {
      id: idOf("note", this.notes.length + 1),
      conversation_id: id,
      author_id: this.#me,
      author_name: "You",
      body: String(body["body"]),
      mentions: body["mentions"] as string[],
      created_at: new Date().toISOString(),
    };
    this.notes.unshift(note);
    return note;
  }

  #note(method: string, id: string, body: Record<string, unknown>): unknown {
    const note = this.notes.find((one) => one.id === id);
    if (method === "DELETE") {
      this.notes = this.notes.filter((one) => one.id !== id);
      return null;
    }
    return note && Object.assign(note, { body: String(body["body"]), edited_at: new Date().toISOString() });
  }

  #view(method: string, id: string, body: Record<string, unknown>): unknown {
    if (method === "GET") return { items: this.views };
    if (method === "DELETE") {
      this.views = this.views.filter((view) => view.id !== id);
      return null;
    }
    const known = this.views.find((view) => view.id === id);
    if (known) return Object.assign(known, body);
    const view: Schemas["SavedView"] = {
      id: idOf("view", this.views.length + 1),
      name: String(body["name"]),
      filter: body["filter"] as Schemas["ConversationFilter"],
      owner_id: body["is_shared"] ? null : this.#me,
      created_at: new Date().toISOString(),
      updated_at: new Date().toISOString(),
    };
    this.views.push(view);
    return view;
  }

  #filled(id: string, body: Record<string, unknown>): unknown {
    const reply = this.canned.find((one) => one.id === id);
    const { contact_name: name } = this.of(String(body["conversation_id"]));
    return { text: reply?.body.replace("{{contact.name}}", name) ?? "" };
  }

  #contact(method: string, id: string, what: string, query: URLSearchParams, body: Record<string, unknown>): unknown {
    const contactOf = ({ contact_id: contact, contact_name: name, created_at: at }: Conversation) => ({
      id: contact,
      name,
      created_at: at,
      updated_at: at,
    });
    if (id === "") {
      const wanted = (query.get("q") ?? "").toLowerCase();
      return { items: this.conversations.map(contactOf).filter(({ name }) => name.toLowerCase().includes(wanted)) };
    }
    const theirs = this.conversations.filter((one) => one.contact_id === id);
    const [first] = theirs;
    if (!first) return undefined;
    if (what === "merge") {
      const at = new Date().toISOString();
      const merge = {
        id: idOf("merge", 1),
        winner_id: id,
        loser_id: String(body["with"]),
        identities: [idOf("cid", 2)],
      };
      this.merges = [{ ...merge, taken: [], merged_by: this.#me, merged_at: at }];
      return this.merges[0];
    }
    if (method === "PATCH") {
      for (const one of theirs) if (typeof body["name"] === "string") one.contact_name = body["name"];
      return contactOf(first);
    }
    const identities = theirs.map((one) => ({
      id: one.identity_id,
      contact_id: id,
      platform: one.platform,
      scope: "page",
      external_id: "9007199254740993",
      handle: "person",
      name: one.contact_name,
      created_at: one.created_at,
      seen_at: one.updated_at,
    }));
    return { contact: contactOf(first), identities, conversations: theirs, merges: this.merges };
  }
}

const ANSWERED = { awaiting_since: null, answer_due_at: null } as const;

const at = (moment: string | null | undefined): number => Date.parse(moment ?? "");

function slaOf({ awaiting_since: since, answer_due_at: due }: Conversation): Schemas["ConversationSla"] | undefined {
  const left = at(due) - Date.now();
  if (left <= 0) return "overdue";
  return left <= (at(due) - at(since)) / 4 ? "due_soon" : undefined;
}

function pageOf<T>(all: T[], query: URLSearchParams): { items: T[]; next?: string } {
  const [from, limit] = [Number(query.get("cursor") ?? 0), Number(query.get("limit") ?? 50)];
  const next = from + limit < all.length ? { next: String(from + limit) } : {};
  return { items: all.slice(from, from + limit), ...next };
}

/** One dot, as PNG. */
export const DOT = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
