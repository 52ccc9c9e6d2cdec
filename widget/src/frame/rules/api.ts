/** The calls of `protocol.ts`. Nothing is repeated here; who calls decides, by the kind of `Refusal`. */
import {
  type Attachment,
  type Config,
  type Message,
  type NewMessage,
  type NewSession,
  type Page,
  readAttachment,
  readConfig,
  readMessage,
  readPage,
  readSession,
  type Session,
} from "./protocol.ts";

/** Longer than any healthy answer takes; files get more. */
const PATIENCE_MS = 20_000;
const PATIENCE_FILE_MS = 180_000;
/** A remote that asks for more than this gets its way only when the visitor tries again. */
export const LONGEST_WAIT_MS = 60_000;

export class Refusal extends Error {
  /** 0 when there was no answer, or none that can be read. */
  readonly status: number;
  readonly code: string;
  /** From Retry-After. */
  readonly wait_ms: number | null;

  constructor(status: number, code: string, wait_ms: number | null = null) {
    super(`${status} ${code}`);
    this.status = status;
    this.code = code;
    this.wait_ms = wait_ms;
  }

  /** The same request may succeed later without anybody changing it. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** Seconds or a date; null when it is neither. */
export function retryAfter(header: string | null, now: number): number | null {
  if (header === null || header.trim() === "") return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

export async function refusal(answer: Response, now: number): Promise<Refusal> {
  const body: unknown = await answer.json().catch(() => null);
  const code = typeof body === "object" && body !== null && "code" in body ? String(body.code) : "";
  return new Refusal(answer.status, code, retryAfter(answer.headers.get("retry-after"), now));
}

export interface Api {
  config(): Promise<Config>;
  startSession(session: NewSession): Promise<Session>;
  send(token: string, message: NewMessage): Promise<Message>;
  page(token: string, after: string | null): Promise<Page>;
  tellTyping(token: string, isTyping: boolean): Promise<void>;
  tellRead(token: string, upTo: string): Promise<void>;
  upload(token: string, file: File): Promise<Attachment>;
  download(token: string, id: string): Promise<Blob>;
  /** The answer as it comes in; `protocol.ts` tells its events. */
  events(token: string, after: string | null, signal: AbortSignal): Promise<Response>;
}

/** `base` ends with a slash. */
export function api(base: string, call: typeof fetch = (...request) => fetch(...request)): Api {
  const ask = async (path: string, options: RequestInit, patience = PATIENCE_MS): Promise<Response> => {
    const signal = options.signal ?? AbortSignal.timeout(patience);
    let answer: Response;
    try {
      // No cookie of somebody who is signed in to the hub goes along.
      answer = await call(base + path, { ...options, signal, credentials: "omit", referrerPolicy: "no-referrer" });
    } catch {
      throw new Refusal(0, "no_answer");
    }
    if (!answer.ok) throw await refusal(answer, Date.now());
    return answer;
  };
  const read = async <T>(answer: Response, as: (value: unknown) => T): Promise<T> => {
    try {
      return as(await answer.json());
    } catch {
      // Cut off on its way, or a page of something between us and the hub.
      throw new Refusal(0, "unreadable");
    }
  };
  const as = (token: string, more: Record<string, string> = {}) => ({ authorization: `Bearer ${token}`, ...more });
  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    ask(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });

  return {
    config: async () => read(await ask("config", {}), readConfig),
    startSession: async (session) => read(await post("sessions", session), readSession),
    send: async (token, message) =>
      read(await post("messages", message, as(token)), (body) => readMessage((body as { message?: unknown }).message)),
    page: async (token, after) =>
      read(
        await ask(after === null ? "messages" : `messages?after=${encodeURIComponent(after)}`, { headers: as(token) }),
        readPage,
      ),
    tellTyping: async (token, isTyping) => {
      await post("typing", { is_typing: isTyping }, as(token));
    },
    tellRead: async (token, upTo) => {
      await post("read", { up_to: upTo }, as(token));
    },
    upload: async (token, file) => {
      const headers = as(token, {
        "content-type": file.type || "application/octet-stream",
        "x-file-name": encodeURIComponent(file.name.toWellFormed()),
      });
      return read(await ask("attachments", { method: "POST", headers, body: file }, PATIENCE_FILE_MS), readAttachment);
    },
    download: async (token, id) => {
      const answer = await ask(`attachments/${encodeURIComponent(id)}`, { headers: as(token) }, PATIENCE_FILE_MS);
      return answer.blob().catch(() => Promise.reject(new Refusal(0, "unreadable")));
    },
    events: (token, after, signal) =>
      ask("events", {
        headers: as(token, { accept: "text/event-stream", ...(after === null ? {} : { "last-event-id": after }) }),
        signal,
      }),
  };
}
