/**
 * Live updates. One tab of this browser holds the stream and passes on what it hears, because a browser opens few
 * connections to one server; when that tab closes, the next takes over and goes on after the last event.
 *
 * An event says what changed, not how: what is shown of it is read again.
 */
import type { QueryClient } from "@tanstack/react-query";
import { createParser } from "eventsource-parser";
import { create } from "zustand";

import { isLongList, open, tenantKey } from "./api";
import { exclusively } from "./locks";
import { refreshFacts, useSession } from "./session";
import { sawBuild } from "./updates";

export interface LiveEvent {
  action: string;
  entity_kind: string;
  entity_id: string;
  at: string;
}

export type LiveState = "connecting" | "live" | "stale";

export const useLiveState = create<{ state: LiveState }>(() => ({ state: "connecting" }));

/** What has to be read again when a thing of this kind changed; settings and single sign-on are the tenant's. */
const NOUNS: Record<string, string[]> = {
  user: ["users", "me", "checklist"],
  invitation: ["invitations", "checklist"],
  api_key: ["api-keys", "checklist"],
  tenant: ["tenant", "policy", "inbox-settings", "sso", "checklist"],
  session: ["sessions"],
  job: ["dead-letters"],
  dead_letters: ["dead-letters"],
  effect: ["effects"],
  alert: ["alerts", "alert-rules"],
  alert_rule: ["alert-rules"],
  alert_target: ["alert-targets", "alert-rules"],
  webhook_endpoint: ["webhook-endpoints"],
  // An attempt also tells whether its endpoint works.
  webhook_delivery: ["webhook-deliveries", "webhook-endpoints"],
  // The list of the inbox and its messages are long: that page reads the newest of them by itself.
  conversation: ["conversations", "contacts"],
  message: ["conversations"],
  contact: ["contacts", "conversations"],
  canned_reply: ["canned-replies"],
  saved_view: ["saved-views"],
  channel_account: ["channel-accounts"],
  channel_gap: ["channel-accounts"],
  channel_app: ["channel-platforms"],
};

/** Who looks at what is heard by those who asked for it, and makes nothing old. */
const PASSING = "presence.changed";

/** What any event makes old. */
const ALWAYS = ["lately"];

/** Longer than the server's keep-alive comes: the connection is dead, though nobody said so. */
const SILENCE_MS = 40_000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

type Message = { state: LiveState } | { event: LiveEvent; id: string } | { build: string };

const listeners = new Set<(event: LiveEvent) => void>();

/** Hears every event that this person may hear. */
export function onLiveEvent(listener: (event: LiveEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Listens for the signed-in person until the signal; called anew for another person or workspace. */
export function startLive(queries: QueryClient, signal: AbortSignal): void {
  const facts = useSession.getState().facts;
  if (!facts) return;
  const name = `socialai.live.${facts.tenant.id}.${facts.user.id}`;
  const channel = new BroadcastChannel(name);
  let lastId: string | undefined;
  signal.addEventListener("abort", () => channel.close(), { once: true });

  const hear = (message: Message) => {
    if ("state" in message) useLiveState.setState({ state: message.state });
    else if ("build" in message) sawBuild(message.build);
    else {
      // What passes has no id: the stream goes on after the last that has one.
      if (message.id) lastId = message.id;
      react(queries, message.event);
    }
  };
  const tell = (message: Message) => {
    if (signal.aborted) return;
    hear(message);
    channel.postMessage(message);
  };
  channel.addEventListener("message", ({ data }: MessageEvent<Message | "what state?">) => {
    if (data !== "what state?") hear(data);
    else if (isLeading) channel.postMessage({ state: useLiveState.getState().state });
  });
  let isLeading = false;
  channel.postMessage("what state?");
  const lead = async () => {
    isLeading = true;
    await keepListening(
      queries,
      () => lastId,
      (id) => (lastId = id),
      tell,
      signal,
    );
  };
  // Refused only when the signal ends the wait.
  void exclusively(name, lead, signal).catch(() => undefined);
}

/** Connects, and connects again, until the signal. */
async function keepListening(
  queries: QueryClient,
  lastId: () => string | undefined,
  remember: (id: string) => void,
  tell: (message: Message) => void,
  signal: AbortSignal,
): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  let wasLive = false;
  while (!signal.aborted) {
    const resumes = lastId() !== undefined;
    try {
      await listen(lastId(), signal, (message) => {
        if ("ready" in message) {
          remember(message.ready);
          // Without a place to go on from, whatever happened meanwhile is not told again.
          if (wasLive && !resumes) void queries.invalidateQueries();
          [wasLive, pause] = [true, FIRST_PAUSE_MS];
          tell({ state: "live" });
        } else tell(message);
      });
    } catch {
      // Whatever ended the stream, the answer is to connect again.
    }
    if (signal.aborted) return;
    tell({ state: "stale" });
    await wait(pause * (0.5 + Math.random()), signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

/** One connection, until it ends. */
async function listen(
  lastId: string | undefined,
  signal: AbortSignal,
  tell: (message: { ready: string } | { event: LiveEvent; id: string } | { build: string }) => void,
): Promise<void> {
  const silent = new AbortController();
  let watch = setTimeout(() => silent.abort(), SILENCE_MS);
  const stop = AbortSignal.any([signal, silent.signal]);
  try {
    const headers = { accept: "text/event-stream", ...(lastId !== undefined && { "last-event-id": lastId }) };
    const response = await open("/events", { headers, signal: stop });
    if (!response.ok || !response.body) return;
    const parser = createParser({
      onEvent: ({ id, event, data }) => {
        if (event !== "ready") tell({ event: JSON.parse(data) as LiveEvent, id: id ?? "" });
        else {
          tell({ ready: id ?? "" });
          const { build } = JSON.parse(data) as { build?: string };
          if (build) tell({ build });
        }
      },
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      clearTimeout(watch);
      watch = setTimeout(() => silent.abort(), SILENCE_MS);
      parser.feed(part.value);
    }
  } finally {
    clearTimeout(watch);
  }
}

/** Ends early when the network comes back or the person returns to the page. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      document.removeEventListener("visibilitychange", seen);
      resolve();
    };
    const seen = () => document.visibilityState === "visible" && done();
    const timer = setTimeout(done, ms);
    addEventListener("online", done);
    document.addEventListener("visibilitychange", seen);
    signal.addEventListener("abort", done, { once: true });
  });
}

/** Events come in bursts; what they concern is read again at most this often. */
const READ_AGAIN_MS = 2000;
const concerned = new Set<string>();
let nextRead: ReturnType<typeof setTimeout> | undefined;

function react(queries: QueryClient, event: LiveEvent): void {
  if (event.action === PASSING) {
    for (const listener of listeners) listener(event);
    return;
  }
  for (const noun of [...(NOUNS[event.entity_kind] ?? []), ...ALWAYS]) concerned.add(noun);
  nextRead ??= setTimeout(() => readAgain(queries), 50);
  const facts = useSession.getState().facts;
  const concernsMe = event.entity_id === facts?.user.id || event.entity_id === facts?.tenant.id;
  if (concernsMe && /^(user|tenant)\./.test(event.action)) void refreshFacts().catch(() => undefined);
  for (const listener of listeners) listener(event);
}

function readAgain(queries: QueryClient): void {
  nextRead = undefined;
  if (concerned.size === 0) return;
  for (const noun of concerned) {
    const queryKey = tenantKey(noun);
    void queries.invalidateQueries({ queryKey, predicate: (query) => !isLongList(query.state.data) });
    // A long list is read again when its reader asks for it; see usePages.
    void queries.invalidateQueries({ queryKey, refetchType: "none" });
  }
  concerned.clear();
  nextRead = setTimeout(() => readAgain(queries), READ_AGAIN_MS);
}
