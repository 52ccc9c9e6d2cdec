/**
 * The script that a company puts on its website:
 *
 *   <script src="https://HUB/widget.js" data-widget="wgt_…" async></script>
 *
 * It draws the launcher and holds the frame, whose document is the hub's own: the host page cannot read the conversation
 * and the widget cannot read the page. The frame is loaded hidden when the page has nothing better to do, because only
 * it knows the company's colours and whether an answer came since the last page. Here nothing is stored, nothing is
 * fetched, and nothing of the host page is changed but for one element at the end of its body.
 */
import { type FromFrame, fromFrame, pageAddress, speak } from "../bridge.ts";
import { parts } from "./parts.ts";

/** A frame that has said nothing by then is not waited for: the launcher appears in our own colours. */
const LOOK_MS = 3000;
/** A page that is always busy gets its chat all the same. */
const IDLE_MS = 1000;
/** Opened and still no word from the frame: the hub cannot be reached. */
const ALIVE_MS = 8000;
const PHONE = "(max-width: 480px), (max-height: 480px)";

const WORDS = {
  en: { open: "Open chat", close: "Close chat", away: "The chat cannot be reached right now.", again: "Try again" },
  de: {
    open: "Chat öffnen",
    close: "Chat schließen",
    away: "Der Chat ist gerade nicht erreichbar.",
    again: "Noch einmal versuchen",
  },
};

function begin(script: HTMLScriptElement, key: string): void {
  const source = new URL(script.src);
  const hub = source.origin;
  const language = document.documentElement.lang || navigator.language;
  const words = /^de\b/i.test(language) ? WORDS.de : WORDS.en;
  const { host, root, launcher, badge, panel, away, again, icon } = parts(words);
  const phone = matchMedia(PHONE);
  let labels = { open: words.open, close: words.close, title: words.open };
  let unread = "";
  let isOpen = false;
  let isAlive = false;

  const frame = document.createElement("iframe");
  frame.title = labels.title;
  frame.setAttribute(
    "sandbox",
    "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads",
  );
  frame.referrerPolicy = "no-referrer";
  frame.src = `${new URL(`widget/${encodeURIComponent(key)}`, source).href}#${encodeURIComponent(location.origin)}`;

  const tell = (message: Parameters<typeof speak>[2]) => {
    if (isAlive && frame.contentWindow) speak(frame.contentWindow, hub, message);
  };
  const draw = () => {
    root.classList.toggle("open", isOpen);
    root.classList.toggle("full", phone.matches);
    launcher.setAttribute("aria-expanded", String(isOpen));
    launcher.setAttribute("aria-label", isOpen ? labels.close : [labels.open, unread].filter(Boolean).join(", "));
    badge.hidden = isOpen || unread === "";
    icon(isOpen);
  };
  const colours = (accent: string, onAccent: string, radius: number, position: string) => {
    root.style.setProperty("--accent", accent);
    root.style.setProperty("--on-accent", onAccent);
    root.style.setProperty("--radius", `${radius}px`);
    root.classList.remove("left", "right");
    root.classList.add(position);
  };
  const open = () => {
    isOpen = true;
    draw();
    tell({ kind: "open", isFull: phone.matches });
    if (isAlive) frame.focus();
    else setTimeout(() => (away.hidden = isAlive), ALIVE_MS);
  };
  const close = () => {
    isOpen = false;
    draw();
    launcher.focus();
    tell({ kind: "closed" });
  };
  const show = () => {
    root.hidden = false;
  };

  function hear(message: FromFrame): void {
    switch (message.kind) {
      case "alive":
        isAlive = true;
        away.hidden = true;
        tell({ kind: "hello", pageUrl: pageAddress(location.href, location.origin), language });
        if (isOpen) open();
        break;
      case "look":
        labels = message.labels;
        frame.title = labels.title;
        colours(message.accent, message.onAccent, message.radius, message.position);
        draw();
        show();
        break;
      case "unread":
        unread = message.count > 0 ? message.label : "";
        badge.textContent = message.count > 99 ? "99+" : String(message.count);
        draw();
        break;
      case "close":
        if (isOpen) close();
        break;
      case "gone":
        host.remove();
        removeEventListener("message", listen);
    }
  }
  const listen = (event: MessageEvent) => {
    const message = fromFrame(event, { origin: hub, window: frame.contentWindow });
    if (message) hear(message);
  };
  addEventListener("message", listen);

  launcher.addEventListener("click", () => (isOpen ? close() : open()));
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isOpen) close();
  });
  again.addEventListener("click", () => {
    away.hidden = true;
    // The same address again would only move to its fragment.
    frame.remove();
    panel.prepend(frame);
    setTimeout(() => (away.hidden = isAlive), ALIVE_MS);
  });
  phone.addEventListener("change", () => {
    draw();
    if (isOpen) tell({ kind: "open", isFull: phone.matches });
  });
  // A phone's keyboard covers what is fixed to the bottom; the panel takes what is left.
  visualViewport?.addEventListener("resize", () => {
    const height = phone.matches && visualViewport ? `${visualViewport.height}px` : "";
    panel.style.height = height;
  });

  colours("#4f46e5", "#ffffff", 12, "right");
  root.hidden = true;
  draw();
  document.body.append(host);
  const idle = globalThis.requestIdleCallback ?? ((act: () => void) => setTimeout(act, 200));
  const load = () =>
    idle(
      () => {
        panel.prepend(frame);
        setTimeout(show, LOOK_MS);
      },
      { timeout: IDLE_MS },
    );
  if (document.readyState === "complete") load();
  else addEventListener("load", load);
}

function boot(): void {
  const script = document.currentScript ?? document.querySelector("script[data-widget]");
  if (!(script instanceof HTMLScriptElement)) return;
  const key = script.dataset["widget"];
  // A page without an origin (a file, a sandbox) cannot be spoken to safely.
  if (!key || !script.src || location.origin === "null") return;
  const start = () => {
    // Tag managers like to put scripts in twice.
    if (!document.querySelector("socialai-chat")) begin(script, key);
  };
  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
}

boot();
