/** Finds the addresses in a text. What comes out is text and addresses, never markup. */
import { parseUrl } from "../../bridge.ts";

export interface Piece {
  text: string;
  /** Absolute, http or https. */
  href?: string;
}

const CANDIDATE = /\b(?:https?:\/\/|www\.)[^\s<>"`{}|\\^]+/giu;
/** Characters that draw a text in another order than it is, or that are not drawn: an address with them may look like another. */
const DECEIVING = /[\p{Cc}\p{Cf}]/u;
const CLOSING: Record<string, string> = { ")": "(", "]": "[", "»": "«", "”": "“" };

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const shown = withoutEnd(match[0]);
    const href = address(shown);
    if (!href) continue;
    if (match.index > from) found.push({ text: text.slice(from, match.index) });
    found.push({ text: shown, href });
    from = match.index + shown.length;
  }
  if (from < text.length) found.push({ text: text.slice(from) });
  return found;
}

/** A sentence's own marks behind an address do not belong to it; a bracket does when it was opened inside. */
function withoutEnd(address: string): string {
  let end = address.length;
  for (; end > 0; end -= 1) {
    const last = address[end - 1] ?? "";
    if (/[.,;:!?'*_…]/.test(last)) continue;
    const opening = CLOSING[last];
    if (!opening) break;
    const inside = address.slice(0, end);
    if (inside.split(opening).length >= inside.split(last).length) break;
  }
  return address.slice(0, end);
}

function address(shown: string): string | null {
  if (DECEIVING.test(shown)) return null;
  const full = /^www\./i.test(shown) ? `https://${shown}` : shown;
  const url = parseUrl(full);
  if (!url) return null;
  // A name before an @ makes the reader believe in another host.
  if (url.username || url.password || !/^https?:$/.test(url.protocol)) return null;
  if (!url.hostname.includes(".") && url.hostname !== "localhost") return null;
  return url.href;
}
