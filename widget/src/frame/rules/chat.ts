/**
 * The conversation as the visitor has it: one state, changed only here, drawn by `view/`. Knows no page; what it needs
 * from the browser (calls, storage, ids) is handed in.
 *
 * Reading the config and looking whether something was kept is all that happens before the visitor sends a message:
 * no session, no storage, no stream.
 */
import { type Api, Refusal } from "./api.ts";
import type { Keep, Kept } from "./keep.ts";
import { type Link, live, type Live } from "./live.ts";
import { outbox, type Pending } from "./outbox.ts";
import { backOff, hold, pause } from "./pause.ts";
import { type Config, MAX_TEXT, type Message, type NewSession, type Page, type Typing } from "./protocol.ts";
import { laterMark, unread, withMessage } from "./timeline.ts";

/** Longer than the hub's own rhythm of saying that somebody still types. */
const TYPING_HOLDS_MS = 8000;
const TYPING_EVERY_MS = 4000;
/** Business hours begin and end while a page is open. */
const CONFIG_HOLDS_MS = 60_000;

export interface State {
  /** `away`: the hub does not answer. `gone`: it says that there is no such widget. */
  phase: "loading" | "ready" | "away" | "gone";
  config: Config | null;
  isOpen: boolean;
  needsForm: boolean;
  messages: readonly Message[];
  pending: readonly Pending[];
  typing: Typing | null;
  companyReadUpTo: string | null;
  unread: number;
  link: Link;
  /** Until when the hub wants no message. */
  slowUntil: number | null;
  draft: string;
}

export type Profile = Pick<NewSession, "name" | "email" | "fields" | "consent">;

export interface Surroundings {
  api: Api;
  keep: Keep;
  newId: () => string;
  /** Known from the host page once it has said so. */
  pageUrl: () => string | undefined;
  language: () => string | undefined;
}

export interface Chat {
  readonly state: State;
  onChange(listener: () => void): void;
  start(): Promise<void>;
  open(): void;
  close(): void;
  setVisible(isVisible: boolean): void;
  /** The browser says that there is a network again, or the visitor asks to try. */
  tryNow(): void;
  fillForm(profile: Profile): void;
  write(draft: string): void;
  send(text: string, files: File[], quickReply?: string): void;
  retry(clientId: string): void;
  drop(clientId: string): void;
  download(id: string): Promise<Blob>;
}

export function chat({ api, keep, newId, pageUrl, language }: Surroundings): Chat {
  const listeners = new Set<() => void>();
  const rest = pause();
  let session: Pick<Kept, "token" | "visitor_id"> | null = null;
  let beginning: Promise<string | null> | null = null;
  let profile: Profile | null = null;
  let seen: string | null = null;
  let told: string | null = null;
  let connection: Live | null = null;
  let isVisible = true;
  let configAt = 0;
  let typingEnds: ReturnType<typeof setTimeout> | undefined;
  let toldTypingAt = 0;

  const state: State = {
    phase: "loading",
    config: null,
    isOpen: false,
    needsForm: false,
    messages: [],
    pending: [],
    typing: null,
    companyReadUpTo: null,
    unread: 0,
    link: "none",
    slowUntil: null,
    draft: "",
  };

  function change(part: Partial<State>): void {
    Object.assign(state, part);
    state.needsForm = session === null && profile === null && Boolean(state.config?.pre_chat);
    for (const listener of listeners) listener();
  }

  function save(): void {
    if (session) keep.write({ ...session, waiting: sending.keepable(), draft: state.draft });
  }

  // --- session ---

  async function begin(): Promise<string | null> {
    // Another tab of this browser may have made one meanwhile.
    session ??= keep.read();
    if (session) return adopt(session);
    if (!state.config || (state.config.pre_chat && !profile)) return null;
    const page_url = pageUrl();
    const spoken = language();
    try {
      const about = { ...(page_url ? { page_url } : {}), ...(spoken ? { language: spoken } : {}) };
      return adopt(await api.startSession({ ...profile, ...about }));
    } catch (error) {
      const isAboutAnswers = error instanceof Refusal && (error.status === 400 || error.status === 422);
      if (!isAboutAnswers || profile === null) throw error;
      // The form comes back, so that the visitor can answer otherwise.
      profile = null;
      change({});
      return null;
    }
  }

  function adopt(found: Pick<Kept, "token" | "visitor_id">): string {
    session = { token: found.token, visitor_id: found.visitor_id };
    save();
    change({});
    connect();
    return session.token;
  }

  function lose(token: string): void {
    if (session?.token !== token) return;
    connection?.stop();
    connection = null;
    session = null;
    // Another tab may have begun a new one already.
    if (keep.read()?.token === token) keep.forget();
    change({ link: "none", typing: null });
  }

  const sending = outbox(api, {
    token: () => {
      if (session) return Promise.resolve(session.token);
      beginning ??= begin().finally(() => (beginning = null));
      return beginning;
    },
    lost: lose,
    accepted: (message) => {
      add(message);
      connection?.nudge();
    },
    changed: () => {
      save();
      change({ pending: sending.all });
    },
    slowed: (slowUntil) => {
      if (slowUntil !== state.slowUntil) change({ slowUntil });
    },
  });

  // --- what comes in ---

  function recount(messages: readonly Message[]): void {
    if (state.isOpen && isVisible) seen = messages.at(-1)?.id ?? seen;
    change({ messages, unread: unread(messages, seen) });
    tellRead();
  }

  function add(message: Message): void {
    sending.arrived(message);
    if (message.from !== "visitor") change({ typing: null });
    recount(withMessage(state.messages, message));
  }

  function take(page: Page, isAll: boolean): void {
    for (const message of page.messages) sending.arrived(message);
    const messages = page.messages.reduce<readonly Message[]>(withMessage, isAll ? [] : state.messages);
    seen = laterMark(messages, seen, page.visitor_read_up_to);
    // What the hub already knows needs no telling.
    told = laterMark(messages, told, page.visitor_read_up_to);
    state.companyReadUpTo = laterMark(messages, state.companyReadUpTo, page.company_read_up_to);
    recount(messages);
  }

  function showTyping(typing: Typing): void {
    clearTimeout(typingEnds);
    change({ typing: typing.is_typing ? typing : null });
    if (typing.is_typing) typingEnds = setTimeout(() => change({ typing: null }), TYPING_HOLDS_MS);
  }

  function connect(): void {
    if (!session || connection || !isVisible) return;
    const { token } = session;
    connection = live(api, token, {
      page: take,
      message: add,
      read: (upTo) => change({ companyReadUpTo: laterMark(state.messages, state.companyReadUpTo, upTo) }),
      typing: showTyping,
      link: (link) => {
        if (link === state.link) return;
        const isBack = state.link === "lost";
        change({ link });
        if (isBack) sending.retryPassing();
      },
      over: () => lose(token),
    });
  }

  // --- what goes out besides messages: hints, whose loss does not matter ---

  function tellRead(): void {
    if (!session || !state.isOpen || !isVisible || seen === null || seen === told) return;
    const last = state.messages.at(-1);
    told = seen;
    // The visitor's own message says by itself that what is before it was seen.
    if (last?.from !== "visitor") void api.tellRead(session.token, seen).catch(() => undefined);
  }

  function tellTyping(isTyping: boolean): void {
    const now = Date.now();
    if (!session || !isTyping || now - toldTypingAt < TYPING_EVERY_MS) return;
    toldTypingAt = now;
    void api.tellTyping(session.token, true).catch(() => undefined);
  }

  // --- config ---

  async function readConfig(): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        const config = await api.config();
        configAt = Date.now();
        change({ config, phase: "ready" });
        return;
      } catch (error) {
        if (error instanceof Refusal && error.status === 404) {
          change({ phase: "gone" });
          return;
        }
        change({ phase: "away" });
        if (error instanceof Refusal && error.wait_ms !== null) await hold(error.wait_ms);
        else await rest.wait(backOff(tries, 2000, 60_000));
      }
    }
  }

  async function refreshConfig(): Promise<void> {
    if (state.phase !== "ready" || Date.now() - configAt < CONFIG_HOLDS_MS) return;
    configAt = Date.now();
    const config = await api.config().catch(() => null);
    if (config) change({ config });
  }

  return {
    state,
    onChange: (listener) => listeners.add(listener),
    start: async () => {
      const kept = keep.read();
      if (kept) {
        session = kept;
        change({ draft: kept.draft });
      }
      await readConfig();
      if (state.phase === "gone" || !session) return;
      connect();
      if (kept) sending.restore(kept.waiting);
    },
    open: () => {
      change({ isOpen: true });
      recount(state.messages);
      connection?.nudge();
      void refreshConfig();
    },
    close: () => change({ isOpen: false }),
    setVisible: (visible) => {
      isVisible = visible;
      if (visible) {
        connect();
        if (state.isOpen) recount(state.messages);
        return;
      }
      // Browsers open few connections to one server; what a hidden page misses it reads when it is looked at again.
      connection?.stop();
      connection = null;
    },
    tryNow: () => {
      rest.wake();
      connection?.nudge();
      sending.retryPassing();
    },
    fillForm: (filled) => {
      profile = filled;
      change({});
      sending.retryPassing();
    },
    write: (draft) => {
      state.draft = draft;
      save();
      tellTyping(draft !== "");
    },
    send: (written, files, quickReply) => {
      const text = written.trim().slice(0, MAX_TEXT);
      if (text === "" && files.length === 0) return;
      toldTypingAt = 0;
      const message = { client_id: newId(), text, ...(quickReply === undefined ? {} : { quick_reply: quickReply }) };
      sending.add(message, files);
    },
    retry: (clientId) => sending.retry(clientId),
    drop: (clientId) => sending.drop(clientId),
    download: async (id) => {
      if (!session) throw new Refusal(401, "session_over");
      return api.download(session.token, id);
    },
  };
}
