/** The text of a mail, cut into plain pieces and links. */

export interface Piece {
  /** Where in the text it begins. */
  at: number;
  text: string;
  /** Set for an address of this installation; others are never offered to click. */
  href?: string;
}

const ADDRESS = /https?:\/\/[^\s<>"']+/g;
/** What ends the sentence, not the address. */
const AFTER = /[.,;:!?)\]]+$/;

export function piecesOf(text: string, origin: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(AFTER, "");
    if (!isOwn(address, origin)) continue;
    if (match.index > from) pieces.push({ at: from, text: text.slice(from, match.index) });
    pieces.push({ at: match.index, text: address, href: address });
    from = match.index + address.length;
  }
  if (from < text.length) pieces.push({ at: from, text: text.slice(from) });
  return pieces;
}

function isOwn(address: string, origin: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  // `https://own.test@evil.test/` has another host, but `https://me@own.test/` would send a name along.
  return url.origin === origin && url.username === "" && url.password === "";
}
