/**
 * A stand-in for the hub, for development and the browser tests: speaks the protocol of `src/frame/rules/protocol.ts`,
 * keeps everything in memory, hands out `dist`. It can be told to be away, to refuse and to lose its answers.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import type { Attachment, Config, Message } from "../src/frame/rules/protocol.ts";

const dist = new URL("../dist/", import.meta.url);
/** What the real hub sends with the frame, except for who may hold it. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:; base-uri 'none'; form-action 'none'";

type Json = Record<string, unknown>;

interface Visitor {
  token: string;
  asked: Json;
  messages: Message[];
  changes: { kind: "message" | "updated" | "read"; id: string | null; data: unknown }[];
  files: Map<string, { about: Attachment; bytes: Buffer }>;
  streams: Set<ServerResponse>;
  readUpTo: string | null;
  companyReadUpTo: string | null;
}

export interface Fault {
  /** The end of the path, such as `messages`. */
  path: string;
  method?: string;
  status: number;
  code?: string;
  retryAfter?: number;
  /** Done all the same; only the answer is another. */
  isDone?: boolean;
}

export const CONFIG: Config = {
  name: "Example Ltd",
  greeting: "Hello! How can we help?",
  is_online: true,
  offline_message: null,
  pre_chat: null,
  theme: { accent: "#0b6e99", radius: 14, position: "right", mode: "light" },
  texts: {},
  attachments: { allowed: true, max_bytes: 2_000_000, types: ["image/*", "application/pdf", "text/plain"] },
  disclosure: null,
};

export class FakeHub {
  config: Config | null = structuredClone(CONFIG);
  faults: Fault[] = [];
  /** No answer to anything. */
  isAway = false;
  hasStream = true;
  /** Answers like a machine, for a person who tries the widget. */
  isTalkative = false;
  readonly requests: { method: string; path: string; cookie: string | undefined; body: Json }[] = [];
  readonly visitors: Visitor[] = [];
  #server: Server | null = null;

  async listen(port: number): Promise<string> {
    const server = createServer((request, answer) => void this.#serve(request, answer));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const server = this.#server;
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
  }

  /** Somebody of the company (or a machine) writes to the newest visitor, or to the one given. */
  say(message: Partial<Message>, visitor = this.visitors.at(-1)): Message {
    if (!visitor) throw new Error("nobody has written yet");
    const made: Message = { ...blank(), from: "agent", name: "Maya", ...message };
    this.#add(visitor, made);
    return made;
  }

  change(id: string, part: Partial<Message>, visitor = this.visitors.at(-1)): void {
    const message = visitor?.messages.find((one) => one.id === id);
    if (!visitor || !message) throw new Error(`no message ${id}`);
    Object.assign(message, part);
    this.#log(visitor, "updated", id, message);
  }

  read(upTo: string, visitor = this.visitors.at(-1)): void {
    if (!visitor) return;
    visitor.companyReadUpTo = upTo;
    this.#log(visitor, "read", null, { up_to: upTo });
  }

  type(isTyping: boolean, visitor = this.visitors.at(-1)): void {
    for (const stream of visitor?.streams ?? []) {
      stream.write(`event: typing\ndata: ${JSON.stringify({ is_typing: isTyping, from: "agent", name: "Maya" })}\n\n`);
    }
  }

  cutStreams(): void {
    for (const { streams } of this.visitors) for (const stream of streams) stream.destroy();
  }

  #add(visitor: Visitor, message: Message): void {
    visitor.messages.push(message);
    this.#log(visitor, "message", message.id, message);
  }

  #log(visitor: Visitor, kind: Visitor["changes"][number]["kind"], id: string | null, data: unknown): void {
    visitor.changes.push({ kind, id, data });
    const place = visitor.changes.length;
    for (const stream of visitor.streams) stream.write(event(place, kind, data));
  }

  async #serve(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://hub");
    const bytes = await body(request).catch(() => null);
    if (bytes === null) return;
    if (this.isAway && url.pathname.startsWith("/v1/")) {
      request.socket.destroy();
      return;
    }
    if (this.#file(url.pathname, answer)) return;
    const path = /^\/v1\/web-chat\/wgt_[^/]+\/(.+)$/.exec(url.pathname)?.[1];
    if (!path) return refuse(answer, 404, "not_found");
    const isJson = request.headers["content-type"] === "application/json";
    const sent = isJson ? (JSON.parse(bytes.toString() || "{}") as Json) : {};
    const method = request.method ?? "GET";
    this.requests.push({ method, path: path + url.search, cookie: request.headers.cookie, body: sent });

    const fault = this.faults.find((one) => path === one.path && (one.method ?? method) === method);
    if (fault) {
      this.faults = this.faults.filter((one) => one !== fault);
      if (fault.isDone) this.#answer(method, path, url, request, null, sent, bytes);
      if (fault.status === 0) return void request.socket.destroy();
      return refuse(answer, fault.status, fault.code ?? "refused", fault.retryAfter);
    }
    this.#answer(method, path, url, request, answer, sent, bytes);
  }

  #answer(
    method: string,
    path: string,
    url: URL,
    request: IncomingMessage,
    answer: ServerResponse | null,
    sent: Json,
    bytes: Buffer,
  ): void {
    if (path === "config") {
      return this.config ? reply(answer, 200, this.config) : refuse(answer, 404, "widget_not_found");
    }
    if (path === "sessions") return this.#begin(sent, answer);
    const token = request.headers.authorization?.replace("Bearer ", "");
    const visitor = this.visitors.find((one) => one.token === token);
    if (!visitor) return refuse(answer, 401, "session_over");
    if (path === "messages" && method === "POST") return this.#receive(visitor, sent, answer);
    if (path === "messages") return reply(answer, 200, page(visitor, url.searchParams.get("after")));
    if (path === "events") return this.#stream(visitor, request, answer);
    if (path === "read") visitor.readUpTo = String(sent["up_to"]);
    if (path === "read" || path === "typing") return reply(answer, 204, null);
    if (path === "attachments") return this.#keep(visitor, request, bytes, answer);
    const file = visitor.files.get(path.replace("attachments/", ""));
    if (!file || !answer) return refuse(answer, 404, "not_found");
    answer.writeHead(200, { "content-type": file.about.type, "content-disposition": "attachment" }).end(file.bytes);
  }

  #begin(asked: Json, answer: ServerResponse | null): void {
    const visitor: Visitor = {
      token: randomUUID(),
      asked,
      messages: [],
      changes: [],
      files: new Map(),
      streams: new Set(),
      readUpTo: null,
      companyReadUpTo: null,
    };
    this.visitors.push(visitor);
    reply(answer, 201, { token: visitor.token, visitor_id: `vis_${this.visitors.length}` });
  }

  #receive(visitor: Visitor, sent: Json, answer: ServerResponse | null): void {
    const known = visitor.messages.find((message) => message.client_id === sent["client_id"]);
    if (known) return reply(answer, 201, { message: known });
    const ids = (sent["attachment_ids"] ?? []) as string[];
    const message: Message = {
      ...blank(),
      client_id: String(sent["client_id"]),
      from: "visitor",
      name: null,
      text: String(sent["text"]),
      attachments: ids.flatMap((id) => visitor.files.get(id)?.about ?? []),
    };
    this.#add(visitor, message);
    reply(answer, 201, { message });
    if (this.isTalkative) this.#talk(visitor, message);
  }

  #talk(visitor: Visitor, message: Message): void {
    this.type(true, visitor);
    setTimeout(() => {
      this.read(message.id, visitor);
      const said: Partial<Message> = {
        from: "machine",
        name: null,
        text: `You said “${message.text}”. See https://example.com.`,
      };
      if (visitor.messages.length < 3) said.quick_replies = [{ title: "A person, please", payload: "person" }];
      this.say(said, visitor);
    }, 1500);
  }

  #stream(visitor: Visitor, request: IncomingMessage, answer: ServerResponse | null): void {
    if (!this.hasStream || !answer) return refuse(answer, 503, "no_stream");
    answer.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    answer.write(": here\n\n");
    const last = Number(request.headers["last-event-id"] ?? visitor.changes.length);
    for (const [index, { kind, data }] of visitor.changes.entries()) {
      if (index >= last) answer.write(event(index + 1, kind, data));
    }
    visitor.streams.add(answer);
    answer.on("close", () => visitor.streams.delete(answer));
  }

  #keep(visitor: Visitor, request: IncomingMessage, bytes: Buffer, answer: ServerResponse | null): void {
    const about: Attachment = {
      id: randomUUID(),
      name: decodeURIComponent(String(request.headers["x-file-name"])),
      type: String(request.headers["content-type"]),
      size: bytes.length,
    };
    visitor.files.set(about.id, { about, bytes });
    reply(answer, 201, about);
  }

  /** A file that is made beforehand, as if somebody of the company had sent it. */
  attach(name: string, type: string, bytes: Buffer, visitor = this.visitors.at(-1)): Attachment {
    const about = { id: randomUUID(), name, type, size: bytes.length };
    visitor?.files.set(about.id, { about, bytes });
    return about;
  }

  #file(path: string, answer: ServerResponse): boolean {
    const name = path === "/widget.js" ? "widget.js" : /^\/widget\/(frame\.(?:js|css))$/.exec(path)?.[1];
    const isFrame = path.startsWith("/widget/wgt_");
    if (!name && !isFrame) return false;
    const type = isFrame ? "text/html" : path.endsWith("css") ? "text/css" : "text/javascript";
    answer.writeHead(200, {
      "content-type": `${type}; charset=utf-8`,
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      ...(isFrame ? { "content-security-policy": POLICY } : {}),
    });
    answer.end(readFileSync(new URL(name ?? "frame.html", dist)));
    return true;
  }
}

function blank(): Message {
  return {
    id: `msg_${randomUUID()}`,
    client_id: null,
    from: "agent",
    name: null,
    text: "",
    at: new Date().toISOString(),
    attachments: [],
    quick_replies: [],
    is_unsent: false,
    edited_at: null,
  };
}

function page(visitor: Visitor, after: string | null): Json {
  const changed = visitor.changes.slice(after === null ? 0 : Number(after));
  const ids = new Set(changed.map(({ id }) => id));
  return {
    messages: visitor.messages.filter(({ id }) => ids.has(id)),
    cursor: String(visitor.changes.length),
    has_more: false,
    visitor_read_up_to: visitor.readUpTo,
    company_read_up_to: visitor.companyReadUpTo,
  };
}

const event = (id: number, kind: string, data: unknown): string =>
  `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;

async function body(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function reply(answer: ServerResponse | null, status: number, value: unknown): void {
  answer?.writeHead(status, { "content-type": "application/json" });
  answer?.end(value === null ? undefined : JSON.stringify(value));
}

function refuse(answer: ServerResponse | null, status: number, code: string, retryAfter?: number): void {
  const more = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  answer?.writeHead(status, { "content-type": "application/problem+json", ...more });
  answer?.end(JSON.stringify({ type: `/problems/${code}`, title: code, status, code }));
}
