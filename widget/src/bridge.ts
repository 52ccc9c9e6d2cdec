/**
 * What the host page's part (loader) and the hub's part (frame) of the widget say to each other, by postMessage.
 *
 * Each side names the other's exact origin when it speaks, and hears only the other's window from the other's exact
 * origin: the loader knows the hub from its own script's address, the frame is told its host's origin in the fragment of
 * its address. Who lies about it there only makes the frame speak to nobody. What is heard is checked field by field;
 * neither side can make the other run, fetch or show anything but what is written here. No message holds a text of the
 * conversation or the token.
 */
export const MARK = "socialai.chat/1";

export type FromFrame =
  /** The frame runs; its config may still be on the way. */
  | { kind: "alive" }
  | { kind: "look"; accent: string; onAccent: string; radius: number; position: "right" | "left"; labels: Labels }
  | { kind: "unread"; count: number; label: string }
  /** Asks to be closed; the focus goes back to the launcher. */
  | { kind: "close" }
  /** There is no such widget: nothing may be left on the page. */
  | { kind: "gone" };

export interface Labels {
  open: string;
  close: string;
  /** Of the frame, for screen readers. */
  title: string;
}

export type FromHost =
  /** Where the frame stands. The address has neither query nor fragment. */
  { kind: "hello"; pageUrl: string; language: string } | { kind: "open"; isFull: boolean } | { kind: "closed" };

type Json = Record<string, unknown>;

/** Null for everything that does not come from there or is not one of ours. */
function heard(event: MessageEvent, from: { origin: string; window: unknown }): Json | null {
  if (event.origin !== from.origin || event.source !== from.window || event.source === null) return null;
  const data: unknown = event.data;
  if (typeof data !== "object" || data === null || (data as Json)["mark"] !== MARK) return null;
  return data as Json;
}

const short = (value: unknown): string => (typeof value === "string" ? value.slice(0, 200) : "");
const colour = (value: unknown): string | null =>
  typeof value === "string" && /^#[0-9a-f]{6}$/.test(value) ? value : null;

export function fromFrame(event: MessageEvent, from: { origin: string; window: unknown }): FromFrame | null {
  const data = heard(event, from);
  switch (data?.["kind"]) {
    case "alive":
    case "close":
    case "gone":
      return { kind: data["kind"] };
    case "unread": {
      const count = Number(data["count"]);
      return Number.isInteger(count) && count >= 0 ? { kind: "unread", count, label: short(data["label"]) } : null;
    }
    case "look": {
      const accent = colour(data["accent"]);
      const onAccent = colour(data["onAccent"]);
      const radius = Number(data["radius"]);
      const labels = (data["labels"] ?? {}) as Json;
      if (!accent || !onAccent || !(radius >= 0 && radius <= 40)) return null;
      return {
        kind: "look",
        accent,
        onAccent,
        radius,
        position: data["position"] === "left" ? "left" : "right",
        labels: { open: short(labels["open"]), close: short(labels["close"]), title: short(labels["title"]) },
      };
    }
    default:
      return null;
  }
}

export function fromHost(event: MessageEvent, from: { origin: string; window: unknown }): FromHost | null {
  const data = heard(event, from);
  switch (data?.["kind"]) {
    case "hello":
      return {
        kind: "hello",
        pageUrl: pageAddress(String(data["pageUrl"]), from.origin),
        language: short(data["language"]),
      };
    case "open":
      return { kind: "open", isFull: data["isFull"] === true };
    case "closed":
      return { kind: "closed" };
    default:
      return null;
  }
}

export function speak(to: Window, origin: string, message: FromFrame | FromHost): void {
  to.postMessage({ mark: MARK, ...message }, origin);
}

/** Without query and fragment, which may carry a password's reset or a person's name; empty when it is another site's. */
export function pageAddress(address: string, origin: string): string {
  const url = parseUrl(address);
  return url?.origin === origin ? (url.origin + url.pathname).slice(0, 2000) : "";
}

/** Null for what is no address. */
export function parseUrl(address: string): URL | null {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

/** The host's origin from the frame's own fragment; null when there is none that can be spoken to. */
export function hostOrigin(fragment: string): string | null {
  const given = decodeFragment(fragment);
  const url = parseUrl(given);
  return url && /^https?:$/.test(url.protocol) && url.origin === given ? given : null;
}

function decodeFragment(fragment: string): string {
  try {
    return decodeURIComponent(fragment.replace(/^#/, ""));
  } catch {
    return "";
  }
}
