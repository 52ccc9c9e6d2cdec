/**
 * Keeps a conversation up to date: reads what is missing, then listens to the stream from that place; when the stream
 * ends, the same again. Where no stream comes through (some companies' proxies hold answers back) it asks again and
 * again, more and more seldom while nothing happens, and tries the stream once a minute.
 */
import { type Api, Refusal } from "./api.ts";
import { readEvents, type StreamEvent } from "./event-stream.ts";
import { backOff, hold, pause } from "./pause.ts";
import { type Message, type Page, readMark, readMessage, readTyping, type Typing } from "./protocol.ts";

/** The server's first line comes at once; a proxy that waits for more would hold back messages too. */
export const FIRST_SIGN_MS = 10_000;
export const SILENCE_MS = 45_000;
export const STREAM_AGAIN_MS = 60_000;
const STREAM_TRIES = 2;
const POLL_MS = 3000;
const LONGEST_POLL_MS = 30_000;
const FIRST_PAUSE_MS = 1000;

export type Link = "none" | "live" | "polling" | "lost";

export interface Listener {
  /** `isAll`: what was shown before is replaced. */
  page(page: Page, isAll: boolean): void;
  message(message: Message): void;
  read(upTo: string): void;
  typing(typing: Typing): void;
  link(link: Link): void;
  /** The hub knows the token no more. */
  over(): void;
}

export interface Live {
  stop(): void;
  /** Something may be new: do not wait for the next round. */
  nudge(): void;
}

export function live(api: Api, token: string, listener: Listener): Live {
  let isStopped = false;
  let cursor: string | null = null;
  let stream: AbortController | null = null;
  let streamFailures = 0;
  let streamAgainAt = 0;
  let lostTimes = 0;
  let quietPolls = 0;
  const rest = pause();

  async function catchUp(): Promise<void> {
    for (;;) {
      const after = cursor;
      const page = await api.page(token, after);
      if (isStopped) return;
      cursor = page.cursor || after;
      if (page.messages.length > 0) quietPolls = 0;
      listener.page(page, after === null);
      if (!page.has_more || cursor === after) return;
    }
  }

  function hear(event: StreamEvent): void {
    if (isStopped) return;
    if (event.id !== null) cursor = event.id;
    if (event.kind === "reset") {
      cursor = null;
      stream?.abort();
      return;
    }
    try {
      const data: unknown = JSON.parse(event.data);
      if (event.kind === "message" || event.kind === "updated") listener.message(readMessage(data));
      else if (event.kind === "typing") listener.typing(readTyping(data));
      else if (event.kind === "read") {
        const upTo = readMark(data);
        if (upTo) listener.read(upTo);
      }
    } catch {
      // One event that cannot be understood does not end the others.
    }
  }

  /** Whether the stream came through. */
  async function follow(): Promise<boolean> {
    const abort = new AbortController();
    stream = abort;
    let isAlive = false;
    let watch = setTimeout(() => abort.abort(), FIRST_SIGN_MS);
    const sign = () => {
      clearTimeout(watch);
      watch = setTimeout(() => abort.abort(), SILENCE_MS);
      if (!isAlive && !isStopped) listener.link("live");
      isAlive = true;
    };
    try {
      const answer = await api.events(token, cursor, abort.signal);
      if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) throw new Refusal(0, "unreadable");
      await readEvents(answer, hear, sign);
    } catch (error) {
      // How it ended does not matter to one that worked; a refusal of the token shows when catching up.
      if (!isAlive && error instanceof Refusal && error.wait_ms !== null) streamAgainAt = Date.now() + error.wait_ms;
    } finally {
      clearTimeout(watch);
      abort.abort();
      stream = null;
    }
    return isAlive;
  }

  async function round(): Promise<void> {
    await catchUp();
    if (isStopped) return;
    lostTimes = 0;
    if (Date.now() >= streamAgainAt) {
      if (await follow()) {
        streamFailures = 0;
        quietPolls = 0;
        // A server that was restarted closes all streams in one moment.
        if (!isStopped) await rest.wait(backOff(0, FIRST_PAUSE_MS, FIRST_PAUSE_MS));
        return;
      }
      streamFailures += 1;
      if (streamFailures >= STREAM_TRIES) streamAgainAt = Math.max(streamAgainAt, Date.now() + STREAM_AGAIN_MS);
    }
    if (isStopped) return;
    listener.link("polling");
    await rest.wait(Math.min(LONGEST_POLL_MS, POLL_MS * 1.5 ** quietPolls));
    quietPolls = Math.min(quietPolls + 1, 20);
  }

  async function run(): Promise<void> {
    for (;;) {
      if (isStopped) return;
      try {
        await round();
      } catch (error) {
        if (isStopped) return;
        if (error instanceof Refusal && error.status === 401) {
          listener.over();
          return;
        }
        if (error instanceof Refusal && error.status === 400 && cursor !== null) {
          cursor = null;
          continue;
        }
        listener.link("lost");
        if (error instanceof Refusal && error.wait_ms !== null) await hold(error.wait_ms);
        else await rest.wait(backOff(lostTimes, FIRST_PAUSE_MS, LONGEST_POLL_MS));
        lostTimes += 1;
      }
    }
  }

  void run();
  return {
    stop: () => {
      isStopped = true;
      stream?.abort();
      rest.wake();
    },
    nudge: () => {
      quietPolls = 0;
      rest.wake();
    },
  };
}
