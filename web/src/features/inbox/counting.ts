/**
 * How long a text is as a channel counts it: the same rules as the server's, for the figure beside the field while one
 * types. What is sent is measured by the server again.
 */
import type { Schemas } from "@/lib/api";

type Unit = Schemas["ChannelTextUnit"];

const ADDRESS_WEIGHT = 23;

export function measure(unit: Unit, text: string): number {
  const said = text.trim();
  if (unit === "bytes") return new TextEncoder().encode(said).length;
  if (unit === "weighted") return weighted(said);
  return Array.from(said).length;
}

/** As X weighs: white space parts addresses from the rest, and weighs itself. */
function weighted(text: string): number {
  const spaces = text.match(/\s/gu)?.length ?? 0;
  const words = text.split(/\s/u).map((word) => (isAddress(word) ? ADDRESS_WEIGHT : ofWord(word)));
  return words.reduce((sum, word) => sum + word, spaces);
}

const isAddress = (word: string): boolean => /^https?:\/\/.*\./iu.test(word);

/** What follows a joiner, and marks that only change how an emoji looks, belong to what is before. */
function ofWord(word: string): number {
  let weight = 0;
  let isJoined = false;
  let isHalfAFlag = false;
  for (const letter of word) {
    const code = letter.codePointAt(0) ?? 0;
    if (code === 0x200d) {
      isJoined = true;
      continue;
    }
    const endsAFlag: boolean = isHalfAFlag && isFlagLetter(code);
    if (!isJoined && !changesLooks(code) && !endsAFlag) weight += weighsOnce(code) ? 1 : 2;
    isHalfAFlag = isFlagLetter(code) && !endsAFlag;
    isJoined = false;
  }
  return weight;
}

const within = (code: number, from: number, to: number): boolean => code >= from && code <= to;

const isFlagLetter = (code: number): boolean => within(code, 0x1f1e6, 0x1f1ff);

const changesLooks = (code: number): boolean =>
  within(code, 0xfe00, 0xfe0f) || within(code, 0x1f3fb, 0x1f3ff) || within(code, 0xe0020, 0xe007f);

const weighsOnce = (code: number): boolean =>
  code <= 0x10ff || within(code, 0x2000, 0x200d) || within(code, 0x2010, 0x201f) || within(code, 0x2032, 0x2037);

export interface Count {
  length: number;
  limit: number;
  isOver: boolean;
  /** So near to the limit that the figure is worth a look. */
  isNear: boolean;
}

const NEAR = 0.8;

export function count(unit: Unit, text: string, limit: number): Count {
  const length = measure(unit, text);
  return { length, limit, isOver: length > limit, isNear: length > limit * NEAR };
}

const UNITS: Record<Unit, string> = { characters: "characters", bytes: "bytes", weighted: "characters, as X counts" };

/** "271 of 280 characters". */
export const countText = ({ length, limit }: Count, unit: Unit): string =>
  `${length} of ${limit} ${UNITS[unit] ?? "characters"}`;
