/** The conversation. A bubble is made once and then changed, so that a screen reader says what is new and nothing twice. */
import type { Chat } from "../rules/chat.ts";
import { type Entry, entries } from "../rules/entries.ts";
import type { Speech } from "../rules/words.ts";
import { attachment, waitingFile } from "./attachments.ts";
import { el, setLinkedText, setText } from "./dom.ts";

interface Bubble {
  node: HTMLElement;
  update(entry: Entry): void;
}

export interface Log {
  node: HTMLElement;
  draw(): void;
}

export function log(chat: Chat, speech: () => Speech, send: (text: string, quickReply: string) => void): Log {
  const greeting = el("p", { class: "bubble theirs greeting", dir: "auto" });
  const list = el("div", { class: "list", role: "log", "aria-live": "polite" });
  const quick = el("div", { class: "quick", role: "group" });
  const node = el("div", { class: "scroll", tabindex: "0", role: "region" }, greeting, list, quick);
  const bubbles = new Map<string, Bubble>();
  let quickOf = "";

  function drawQuick(): void {
    const last = chat.state.messages.at(-1);
    const isAnswered = !last || last.from === "visitor" || last.is_unsent || chat.state.pending.length > 0;
    const replies = isAnswered ? [] : last.quick_replies;
    const now = JSON.stringify([last?.id, replies]);
    if (now === quickOf) return;
    quickOf = now;
    quick.replaceChildren(
      ...replies.map(({ title, payload }) => {
        const button = el("button", { type: "button", class: "reply", dir: "auto" }, title);
        button.addEventListener("click", () => send(title, payload));
        return button;
      }),
    );
  }

  return {
    node,
    draw: () => {
      const { words } = speech();
      const { state } = chat;
      node.setAttribute("aria-label", words.log);
      list.setAttribute("aria-label", words.log);
      quick.setAttribute("aria-label", words.quick_replies);
      const isAtEnd = node.scrollHeight - node.scrollTop - node.clientHeight < 80;
      setLinkedText(greeting, state.config?.greeting ?? "", words.new_tab);
      greeting.hidden = !state.config?.greeting;

      const shown = entries(state, speech());
      const keys = new Set(shown.map(({ key }) => key));
      for (const [key, bubble] of bubbles) {
        if (keys.has(key)) continue;
        bubble.node.remove();
        bubbles.delete(key);
      }
      let isNewOwn = false;
      for (const [index, entry] of shown.entries()) {
        let bubble = bubbles.get(entry.key);
        if (!bubble) {
          bubble = makeBubble(entry, chat, speech);
          bubbles.set(entry.key, bubble);
          isNewOwn ||= entry.state === "sending";
        }
        bubble.update(entry);
        if (list.children[index] !== bubble.node) list.insertBefore(bubble.node, list.children[index] ?? null);
      }
      drawQuick();
      if (isAtEnd || isNewOwn) node.scrollTop = node.scrollHeight;
    },
  };
}

function makeBubble(entry: Entry, chat: Chat, speech: () => Speech): Bubble {
  const isOwn = entry.from === "visitor";
  const disclosure = el("p", { class: "disclosure" });
  const author = el("p", { class: isOwn ? "unseen" : "author" });
  const text = el("p", { class: "text", dir: "auto" });
  const files = el("div", { class: "files" });
  // States change often and say little: read when somebody goes there, not when they change.
  const meta = el("p", { class: "meta", "aria-live": "off" });
  const actions = el("div", { class: "actions" });
  const bubble = el("div", { class: `bubble ${isOwn ? "mine" : "theirs"}` }, author, text, files);
  const node = el("div", { class: `entry ${isOwn ? "own" : "other"}` }, disclosure, bubble, meta, actions);
  let drawnFiles = "";
  let drawnActions = "";

  const drawFiles = (now: Entry) => {
    const wanted = JSON.stringify([now.attachments, now.isUnsent]);
    if (wanted === drawnFiles) return;
    drawnFiles = wanted;
    const isWaiting = now.state === "sending" || now.state === "failed";
    const ones = now.isUnsent ? [] : now.attachments;
    files.replaceChildren(
      ...ones.map((one) => (isWaiting ? waitingFile(one, speech()) : attachment(one, chat, speech()))),
    );
  };
  const drawActions = (now: Entry) => {
    if (drawnActions === String(now.state)) return;
    const hadFocus = actions.contains(document.activeElement);
    drawnActions = String(now.state);
    actions.replaceChildren(...(now.state === "failed" ? retryButtons(now.key, chat, speech()) : []));
    if (hadFocus) node.closest<HTMLElement>(".scroll")?.focus();
  };

  return {
    node,
    update: (now) => {
      const { words } = speech();
      disclosure.hidden = !now.disclosure;
      setText(disclosure, now.disclosure ?? "");
      setText(author, authorOf(now, words));
      if (now.isUnsent) setText(text, words.unsent);
      else setLinkedText(text, now.text, words.new_tab);
      text.hidden = !now.isUnsent && now.text === "";
      bubble.classList.toggle("unsent", now.isUnsent);
      bubble.classList.toggle("waiting", now.state === "sending");
      drawFiles(now);
      setText(meta, metaOf(now, speech()));
      meta.classList.toggle("problem", now.state === "failed");
      drawActions(now);
    },
  };
}

function authorOf(entry: Entry, words: Speech["words"]): string {
  if (entry.from === "visitor") return words.you;
  if (entry.from === "machine") return `${entry.name ?? words.machine} · ${words.automated}`;
  return entry.name ?? words.agent;
}

function metaOf(entry: Entry, { words, locale }: Speech): string {
  if (entry.state === "sending") return words.sending;
  if (entry.state === "failed") return [words.failed, entry.problem].filter(Boolean).join(" · ");
  const state = entry.state ? words[entry.state] : "";
  const edited = entry.isEdited && !entry.isUnsent ? words.edited : "";
  return [time(entry.at, locale), edited, state].filter(Boolean).join(" · ");
}

function time(at: string, locale: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "";
  const isToday = date.toDateString() === new Date().toDateString();
  const day: Intl.DateTimeFormatOptions = isToday ? {} : { day: "numeric", month: "short" };
  return new Intl.DateTimeFormat(locale, { ...day, hour: "numeric", minute: "2-digit" }).format(date);
}

function retryButtons(key: string, chat: Chat, { words }: Speech): HTMLElement[] {
  const again = el("button", { type: "button", class: "small" }, words.try_again);
  again.addEventListener("click", () => chat.retry(key));
  const remove = el("button", { type: "button", class: "small" }, words.remove);
  remove.addEventListener("click", () => chat.drop(key));
  return [again, remove];
}
