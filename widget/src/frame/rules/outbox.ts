/**
 * What the visitor has said and the hub has not yet accepted. Each thing keeps the id that it was given when it was
 * said: sent again after a lost answer, a reload or a press of "try again", it is said once.
 *
 * In order, one at a time. Passing trouble is waited out here; when it lasts, everything that waits has failed and can
 * be tried again. What the hub refuses for good does not hold up what comes after it.
 */
import { type Api, LONGEST_WAIT_MS, Refusal } from "./api.ts";
import { backOff, hold, pause } from "./pause.ts";
import type { Attachment, Message, NewMessage } from "./protocol.ts";

const TRIES = 4;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 8000;
/** Ours, not the hub's: the visitor has to say who they are before this can go out. */
const FORM_NEEDED = "form_needed";

export interface Pending {
  message: NewMessage;
  files: { file: File; sent: Attachment | null }[];
  state: "sending" | "failed";
  problem: Refusal | null;
  at: string;
}

export interface Owner {
  /** Makes the session when there is none; null when the visitor has to be asked something first. */
  token(): Promise<string | null>;
  /** The hub knows this token no more. */
  lost(token: string): void;
  accepted(message: Message): void;
  /** The outbox is another than before. */
  changed(): void;
  /** Until when the hub wants to be left alone; null when it does not. */
  slowed(until: number | null): void;
}

export interface Outbox {
  readonly all: readonly Pending[];
  add(message: NewMessage, files: File[]): void;
  retry(clientId: string): void;
  /** Tries again what failed for a reason that may have passed. */
  retryPassing(): void;
  drop(clientId: string): void;
  /** Known to have arrived, from elsewhere. */
  arrived(message: Message): void;
  /** What can be sent after a reload. */
  keepable(): NewMessage[];
  restore(waiting: NewMessage[]): void;
}

export function outbox(api: Api, owner: Owner, now: () => number = Date.now): Outbox {
  let all: Pending[] = [];
  let isRunning = false;
  /** When the hub wants to hear of us again; nothing is sent before, whoever asks for it. */
  let notBefore = 0;
  const rest = pause();

  const remove = (clientId: string) => {
    const left = all.filter(({ message }) => message.client_id !== clientId);
    if (left.length === all.length) return;
    all = left;
    owner.changed();
  };
  const fail = (ones: Pending[], problem: Refusal) => {
    for (const one of ones) Object.assign(one, { state: "failed", problem });
    owner.changed();
  };
  const waiting = () => all.filter(({ state }) => state === "sending");

  async function sendOne(one: Pending, token: string): Promise<void> {
    for (const part of one.files) {
      if (part.sent) continue;
      part.sent = await api.upload(token, part.file);
      one.message.attachment_ids = [...(one.message.attachment_ids ?? []), part.sent.id];
      owner.changed();
    }
    const message = await api.send(token, one.message);
    remove(one.message.client_id);
    owner.accepted({ ...message, client_id: message.client_id ?? one.message.client_id });
  }

  /** False when there is no point in going on. */
  async function attempt(one: Pending, tries: number): Promise<boolean> {
    const early = notBefore - now();
    if (early > LONGEST_WAIT_MS) {
      fail(waiting(), new Refusal(429, "rate_limited", early));
      return false;
    }
    if (early > 0) await hold(early);
    let token: string | null = null;
    try {
      token = await owner.token();
      if (token === null) {
        fail(waiting(), new Refusal(401, FORM_NEEDED));
        return false;
      }
      await sendOne(one, token);
      owner.slowed(null);
      return true;
    } catch (error) {
      const refused = error instanceof Refusal ? error : new Refusal(0, "unreadable");
      if (refused.status === 401 && token !== null) {
        // Files belonged to the session that is over.
        for (const part of one.files) part.sent = null;
        delete one.message.attachment_ids;
        owner.lost(token);
        if (tries + 1 < TRIES) return true;
      }
      if (!refused.isPassing) {
        fail([one], refused);
        return true;
      }
      const asked = refused.wait_ms;
      if (asked !== null) notBefore = now() + asked;
      owner.slowed(asked === null ? null : notBefore);
      if (tries + 1 >= TRIES || (asked ?? 0) > LONGEST_WAIT_MS) {
        fail(waiting(), refused);
        return false;
      }
      if (asked === null) await rest.wait(backOff(tries, FIRST_PAUSE_MS, LONGEST_PAUSE_MS));
      return true;
    }
  }

  async function run(): Promise<void> {
    if (isRunning) return;
    isRunning = true;
    let tries = 0;
    let last: Pending | undefined;
    for (let one = waiting()[0]; one; one = waiting()[0]) {
      tries = one === last ? tries + 1 : 0;
      last = one;
      if (!(await attempt(one, tries))) break;
    }
    isRunning = false;
  }

  const again = (ones: Pending[]) => {
    for (const one of ones) Object.assign(one, { state: "sending", problem: null });
    if (ones.length > 0) owner.changed();
    void run();
  };

  return {
    get all() {
      return all;
    },
    add: (message, files) => {
      const at = new Date(now()).toISOString();
      const parts = files.map((file) => ({ file, sent: null }));
      all = [...all, { message, files: parts, state: "sending", problem: null, at }];
      owner.changed();
      void run();
    },
    retry: (clientId) => again(all.filter((one) => one.state === "failed" && one.message.client_id === clientId)),
    retryPassing: () => {
      rest.wake();
      again(
        all.filter(({ state, problem }) => state === "failed" && (problem?.isPassing || problem?.code === FORM_NEEDED)),
      );
    },
    drop: remove,
    arrived: (message) => {
      if (message.client_id !== null) remove(message.client_id);
    },
    keepable: () =>
      all
        .filter(({ files, problem }) => files.every(({ sent }) => sent) && (problem === null || problem.isPassing))
        .map(({ message }) => message),
    restore: (messages) => {
      const known = new Set(all.map(({ message }) => message.client_id));
      const at = new Date(now()).toISOString();
      const more = messages
        .filter(({ client_id }) => !known.has(client_id))
        .map((message): Pending => ({ message, files: [], state: "sending", problem: null, at }));
      all = [...more, ...all];
      if (more.length === 0) return;
      owner.changed();
      void run();
    },
  };
}
