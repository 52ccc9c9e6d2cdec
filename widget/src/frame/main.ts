/**
 * The document at `{hub}/widget/{key}`: puts rules, view and host page together. Stands in the frame that the loader
 * makes, or alone in a tab, when a company links to it.
 */
import { type FromFrame, type FromHost, fromHost, hostOrigin, speak } from "../bridge.ts";
import { api } from "./rules/api.ts";
import { chat } from "./rules/chat.ts";
import { palette } from "./rules/colour.ts";
import { keep } from "./rules/keep.ts";
import { say, speech, type Speech } from "./rules/words.ts";
import { view } from "./view/frame.ts";

const MAX_RADIUS = 28;

/** A UUID of version 4. Browsers have a function for it, but not on a hub that is tried out without TLS. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const digits = Array.from(bytes, (byte, index) => {
    const marked = index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte;
    return marked.toString(16).padStart(2, "0");
  }).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function begin(): void {
  const key = location.pathname.split("/").at(-1) ?? "";
  const host = hostOrigin(location.hash);
  const isAlone = window.parent === window;
  // In a frame of somebody who does not say who they are.
  if (!isAlone && host === null) return;

  const dark = matchMedia("(prefers-color-scheme: dark)");
  let pageUrl = "";
  let hostLanguage = "";
  let look = "";
  let spoken: { from: string; speech: Speech } | null = null;

  const talk = chat({
    api: api(new URL(`../v1/web-chat/${key}/`, location.href).href),
    keep: keep(decodeURIComponent(key), () => window.localStorage),
    newId,
    pageUrl: () => pageUrl || undefined,
    language: () => speaking().language,
  });
  const { state } = talk;

  /** Made again only when something that it depends on has changed. */
  function speaking(): Speech {
    const texts = state.config?.texts ?? {};
    const from = JSON.stringify([hostLanguage, texts]);
    if (spoken?.from !== from) spoken = { from, speech: speech([hostLanguage, ...navigator.languages], texts) };
    return spoken.speech;
  }

  const tell = (message: FromFrame) => {
    if (!isAlone && host !== null) speak(window.parent, host, message);
  };
  const close = () => {
    // At once: what arrives until the host page has closed the frame is unread.
    talk.close();
    tell({ kind: "close" });
  };
  const drawn = view(talk, speaking, isAlone ? null : close);

  function dress(): void {
    const { config } = state;
    if (!config) return;
    const { accent, radius, position, mode } = config.theme;
    const shade = mode === "auto" ? (dark.matches ? "dark" : "light") : mode;
    const colours = palette(accent, shade);
    const corners = Math.min(MAX_RADIUS, Math.max(0, radius));
    const { words } = speaking();
    const labels = { open: words.open, close: words.close, title: say(words.title, { name: config.name }) };
    const message: FromFrame = {
      kind: "look",
      accent: colours.accent,
      onAccent: colours.on_accent,
      radius: corners,
      position,
      labels,
    };
    const now = JSON.stringify([message, shade]);
    if (now === look) return;
    look = now;
    const { documentElement: root } = document;
    root.dataset["mode"] = shade;
    root.style.setProperty("--accent", colours.accent);
    root.style.setProperty("--on-accent", colours.on_accent);
    root.style.setProperty("--accent-text", colours.accent_text);
    root.style.setProperty("--radius", `${corners}px`);
    tell(message);
  }

  let toldUnread = -1;
  function report(): void {
    if (state.phase === "gone") {
      tell({ kind: "gone" });
      return;
    }
    dress();
    if (state.unread === toldUnread) return;
    toldUnread = state.unread;
    const { words } = speaking();
    const label = state.unread === 1 ? words.unread_one : say(words.unread_many, { count: state.unread });
    tell({ kind: "unread", count: state.unread, label });
  }

  function hear(message: FromHost): void {
    if (message.kind === "closed") talk.close();
    else if (message.kind === "open") {
      talk.open();
      drawn.enter(message.isFull);
    } else {
      pageUrl = message.pageUrl;
      hostLanguage = message.language;
      drawn.draw();
      dress();
    }
  }

  talk.onChange(report);
  dark.addEventListener("change", dress);
  addEventListener("online", () => talk.tryNow());
  document.addEventListener("visibilitychange", () => talk.setVisible(document.visibilityState === "visible"));
  addEventListener("message", (event) => {
    const message = host === null ? null : fromHost(event, { origin: host, window: window.parent });
    if (message && !isAlone) hear(message);
  });
  tell({ kind: "alive" });
  void talk.start();
  if (isAlone) {
    talk.open();
    drawn.enter(false);
  }
}

begin();
