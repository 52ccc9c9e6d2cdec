/**
 * The inbox while things happen. What came in is read within a moment: the newest page of the list and of the opened
 * conversation, however far somebody has scrolled, and not all that was read before.
 */
import type { InfiniteData } from "@tanstack/react-query";
import { useEffect, useEffectEvent } from "react";

import { onLiveEvent, type LiveEvent } from "@/lib/live";
import { queryClient } from "@/lib/query-client";
import { hasCode } from "@/lib/problems";
import { useUser } from "@/lib/session";
import { api, call, tenantKey } from "@/lib/api";

import { forget, note } from "./cache";
import type { Filter } from "./filter";
import { withHead } from "./head";
import { hear } from "./heard";
import { withNewest } from "./outbox-rules";
import {
  LIST,
  listKey,
  messagesOf,
  oneKey,
  presenceKey,
  readList,
  readMessages,
  ROWS,
  threadKey,
  type Thread,
} from "./queries";
import type { ConversationPage } from "./queries";

/** Answers become due without anything happening. */
const DUE_AGAIN_MS = 60_000;

/** Events come in bursts: read at once, and then at most this often. */
const READ_AGAIN_MS = 500;

const ABOUT_MESSAGES = /^(message|reply)\./;

export function useLiveInbox(filter: Filter, opened: string | undefined): void {
  const me = useUser().id;
  const readHead = useEffectEvent(async () => {
    const key = listKey(filter);
    if (!queryClient.getQueryData(key)) return;
    const head = await readList(filter, undefined);
    const isByWait = filter.sla !== undefined;
    queryClient.setQueryData<InfiniteData<ConversationPage>>(key, (list) => list && under(list, head, isByWait));
  });
  const readOpened = useEffectEvent(async () => {
    if (opened) await readNewest(opened);
  });
  const readOne = useEffectEvent(async (id: string) => {
    try {
      note(await call(api.GET("/conversations/{id}", { params: { path: { id } } })), me);
    } catch (error) {
      if (!hasCode(error, "not_found")) throw error;
      forget(id);
    }
  });
  const react = useEffectEvent((event: LiveEvent) => {
    if (event.action === "presence.changed") {
      if (event.entity_id === opened) void queryClient.invalidateQueries({ queryKey: presenceKey(event.entity_id) });
      return;
    }
    // When answers are due is another matter now, of every row.
    if (event.action === "settings.changed") {
      void queryClient.invalidateQueries({ queryKey: tenantKey(LIST) });
      if (opened) void queryClient.invalidateQueries({ queryKey: oneKey(opened) });
      return;
    }
    const isMessage = ABOUT_MESSAGES.test(event.action);
    if (!isMessage && !/^(conversation|contact)/.test(event.action)) return;
    hear(event);
    readSoon("head", readHead);
    // How far answers came (delivered, read) is told of the conversation and seen on its messages.
    if (isMessage || event.entity_id === opened) readSoon("opened", readOpened);
    if (!isMessage && event.entity_kind === "conversation") readSoon(event.entity_id, () => readOne(event.entity_id));
  });
  useEffect(() => onLiveEvent((event) => react(event)), []);
  const isByTime = filter.sla !== undefined;
  const readHeadSoon = useEffectEvent(() => readSoon("head", readHead));
  useEffect(() => {
    if (!isByTime) return undefined;
    const timer = setInterval(() => readHeadSoon(), DUE_AGAIN_MS);
    return () => clearInterval(timer);
  }, [isByTime]);
}

/** The first page of a list replaced, and the others cut to fit behind it. */
function under(
  list: InfiniteData<ConversationPage>,
  head: ConversationPage,
  isByWait: boolean,
): InfiniteData<ConversationPage> {
  const [, ...others] = list.pages;
  const isWhole = !head.next || head.items.length < ROWS;
  if (isWhole || others.length === 0) return { pages: [head], pageParams: [undefined] };
  const known = list.pages.flatMap(({ items }) => items);
  const rest = withHead(known, head.items, false, isByWait).slice(head.items.length);
  const [first, ...later] = others;
  const behind = new Set(later.flatMap(({ items }) => items.map(({ id }) => id)));
  const second = { ...first, items: rest.filter(({ id }) => !behind.has(id)) };
  const ids = new Set(head.items.map(({ id }) => id));
  const pages = later.map((page) => ({ ...page, items: page.items.filter(({ id }) => !ids.has(id)) }));
  return { ...list, pages: [head, second, ...pages] };
}

/** The newest page of a conversation that is in memory, laid over what is there. */
export async function readNewest(id: string): Promise<void> {
  const key = threadKey(id);
  if (!queryClient.getQueryData(key)) return;
  const newest = await readMessages(id, undefined);
  queryClient.setQueryData<Thread>(key, (thread) => thread && over(thread, newest));
}

function over(thread: Thread, newest: Thread["pages"][number]): Thread {
  const [first, ...older] = thread.pages;
  if (!first) return thread;
  const known = messagesOf(thread);
  // So much has come that the page ends before what is known begins: what lies between would be missing.
  const meets = !newest.next || known.some(({ id }) => newest.items.some((message) => message.id === id));
  if (!meets) return { pages: [newest], pageParams: [undefined] };
  const elsewhere = new Set(older.flatMap(({ items }) => items.map(({ id }) => id)));
  const items = withNewest(first.items, newest.items).filter(({ id }) => !elsewhere.has(id));
  return { ...thread, pages: [{ ...first, items, gaps: newest.gaps }, ...older] };
}

interface Turn {
  running: boolean;
  again: boolean;
}
const turns = new Map<string, Turn>();

/** At once, and once more when something happened meanwhile; never two at a time. */
function readSoon(name: string, read: () => Promise<void>): void {
  const turn = turns.get(name) ?? { running: false, again: false };
  turns.set(name, turn);
  if (turn.running) {
    turn.again = true;
    return;
  }
  turn.running = true;
  const end = () => {
    turn.running = false;
    if (!turn.again) return turns.delete(name);
    turn.again = false;
    return readSoon(name, read);
  };
  // What could not be read is read at the next event, or when the connection is back.
  void read()
    .catch(() => undefined)
    .finally(() => setTimeout(end, READ_AGAIN_MS));
}
