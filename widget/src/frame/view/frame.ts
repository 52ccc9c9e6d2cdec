/** The dialog: head, notice, conversation, and either the form or the field to write in. */
import type { Chat } from "../rules/chat.ts";
import { notice, problemInWords } from "../rules/entries.ts";
import { say, type Speech } from "../rules/words.ts";
import { composer } from "./composer.ts";
import { el, icon, setText } from "./dom.ts";
import { form } from "./form.ts";
import { log } from "./log.ts";

export interface View {
  draw(): void;
  /** Moves the focus in. */
  enter(isFull: boolean): void;
}

export function view(chat: Chat, speech: () => Speech, close: (() => void) | null): View {
  const title = el("h1", { id: "title", tabindex: "-1", dir: "auto" });
  const presence = el("p", { class: "presence" });
  const leave = el("button", { type: "button", class: "icon" }, icon("close"));
  const head = el("header", {}, el("div", {}, title, presence), leave);
  const sentence = el("span", { dir: "auto" });
  const again = el("button", { type: "button", class: "small" });
  const line = el("div", { class: "notice", role: "status" }, sentence, again);
  const typing = el("p", { class: "typing", role: "status" });
  // Where a message stands is not read aloud each time that it changes; that it was not sent is.
  const failure = el("p", { class: "unseen", role: "status" });
  const conversation = log(chat, speech, (text, quickReply) => {
    chat.send(text, [], quickReply);
    if (!chat.state.needsForm) writing.focus();
  });
  const writing = composer(chat, speech);
  const asking = form(chat, speech, () => writing.focus());
  const dialog = el(
    "main",
    { role: "dialog", "aria-labelledby": "title" },
    head,
    line,
    conversation.node,
    typing,
    failure,
    asking.node,
    writing.node,
  );
  document.body.replaceChildren(dialog);
  let tick: ReturnType<typeof setTimeout> | undefined;

  function draw(): void {
    const { state } = chat;
    const { words, language, direction } = speech();
    document.documentElement.lang = language;
    document.documentElement.dir = direction;
    setText(title, state.config?.name ?? words.loading);
    document.title = state.config ? say(words.title, { name: state.config.name }) : words.loading;
    setText(presence, state.config ? (state.config.is_online ? words.online : words.offline) : "");
    presence.classList.toggle("here", Boolean(state.config?.is_online));
    leave.hidden = close === null;
    leave.setAttribute("aria-label", words.close);
    drawNotice();
    const who = state.typing?.name ?? (state.typing?.from === "machine" ? words.machine : words.agent);
    setText(typing, state.typing ? say(words.typing, { name: who }) : "");
    typing.classList.toggle("on", state.typing !== null);
    const failed = state.pending.findLast((one) => one.problem !== null);
    const why = failed?.problem ? problemInWords(failed.problem, failed.files.length > 0, words) : "";
    setText(failure, why && `${words.failed}: ${why}`);
    asking.draw();
    asking.node.hidden = !state.needsForm;
    writing.node.hidden = state.needsForm;
    writing.draw();
    conversation.draw();
  }

  function drawNotice(): void {
    const { state } = chat;
    const now = Date.now();
    const said = notice(state, speech(), now);
    const isAway = state.phase === "away" || state.link === "lost";
    setText(sentence, said ?? "");
    setText(again, speech().words.try_again);
    again.hidden = !isAway;
    line.hidden = said === null;
    line.classList.toggle("trouble", isAway);
    clearTimeout(tick);
    // Counts down what has to be waited for.
    if (state.slowUntil !== null && state.slowUntil > now) tick = setTimeout(drawNotice, 1000);
  }

  again.addEventListener("click", () => chat.tryNow());
  leave.addEventListener("click", () => close?.());
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && close && !event.isComposing) close();
    if (event.key === "Tab" && dialog.getAttribute("aria-modal") === "true") turnAround(dialog, event);
  });
  chat.onChange(draw);
  draw();

  return {
    draw,
    enter: (isFull) => {
      dialog.setAttribute("aria-modal", String(isFull));
      if (dialog.contains(document.activeElement)) return;
      // On a phone the keyboard would cover what there is to read.
      if (isFull) title.focus();
      else if (chat.state.needsForm) asking.focus();
      else writing.focus();
    },
  };
}

/** Where the dialog covers the page, the focus goes round in it. */
function turnAround(dialog: HTMLElement, event: KeyboardEvent): void {
  const stops = [...dialog.querySelectorAll<HTMLElement>("a[href],button,input,textarea,[tabindex='0']")].filter(
    (stop) => stop.tabIndex >= 0 && stop.getClientRects().length > 0,
  );
  const [from, to] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
  if (document.activeElement !== from && !(event.shiftKey && document.activeElement?.id === "title")) return;
  event.preventDefault();
  to?.focus();
}
