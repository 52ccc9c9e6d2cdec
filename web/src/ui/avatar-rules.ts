/** Initials and colour of a name, for any name that a person or a machine may have. */

/** How many `--c-avatar-N` there are in tokens.css. */
export const AVATAR_COLOURS = 8;

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** A letter, a digit or a picture; brackets, dots and invisible marks make no initial. */
const TELLING = /[\p{L}\p{N}\p{Extended_Pictographic}\p{Regional_Indicator}]/u;

/** "Ada Lovelace" → "AL", "小林" → "小", "👩🏽‍🚀 Ray" → "👩🏽‍🚀", "" → "?". */
export function initials(name: string): string {
  const words = name.normalize("NFC").split(/\s+/u).flatMap(firstTelling);
  const first = words[0];
  if (first === undefined) return "?";
  const last = words.at(-1);
  // Two pictures, or two characters of a script without capitals, are wider than the circle.
  if (words.length === 1 || last === undefined || !isCased(first) || !isCased(last)) return first.toLocaleUpperCase();
  return (first + last).toLocaleUpperCase();
}

/** Most words begin with a plain letter that nothing is joined to; finding that out is far cheaper than segmenting. */
const PLAIN = /^[A-Za-z0-9](?![\u0300-\uffff])/;

function firstTelling(word: string): string[] {
  if (PLAIN.test(word)) return [word.charAt(0)];
  for (const { segment } of graphemes.segment(word)) if (TELLING.test(segment)) return [segment];
  return [];
}

function isCased(text: string): boolean {
  return /\p{Cased_Letter}/u.test(text);
}

/** The same name has the same colour on every page and every device. */
export function colourOf(name: string): number {
  let hash = 0;
  for (const character of name.normalize("NFC").toLowerCase())
    hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash % AVATAR_COLOURS;
}
