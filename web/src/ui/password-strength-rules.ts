/**
 * A rough estimate while typing, to help and not to decide: the server alone refuses a password. It counts what a
 * guesser has to find out and gives little for repetition, runs ("abc", "321", "qwe") and words that everybody takes.
 */
export type Strength = "empty" | "short" | "weak" | "fair" | "strong";

/** The server's least length. */
export const LEAST = 12;
const FAIR_BITS = 45;
const STRONG_BITS = 65;

const COMMON =
  /password|passwort|qwerty|letmein|welcome|admin|socialai|iloveyou|dragon|monkey|football|summer|winter/gi;
const ROWS = ["abcdefghijklmnopqrstuvwxyz", "0123456789", "qwertyuiop", "asdfghjkl", "zxcvbnm"];

export function strengthOf(password: string): Strength {
  if (password === "") return "empty";
  if (Array.from(password).length < LEAST) return "short";
  const bits = guessBits(password);
  if (bits < FAIR_BITS) return "weak";
  return bits < STRONG_BITS ? "fair" : "strong";
}

function guessBits(password: string): number {
  // A common word is one guess of a few, so it counts as one character.
  const text = password.replace(COMMON, "§");
  const perCharacter = Math.log2(alphabet(text));
  let bits = 0;
  let before = "";
  const seen = new Map<string, number>();
  for (const character of text) {
    const times = seen.get(character) ?? 0;
    seen.set(character, times + 1);
    bits += follows(before, character) ? 1 : perCharacter / (1 + times * 0.5);
    before = character;
  }
  return bits;
}

function alphabet(text: string): number {
  const sizes: [RegExp, number][] = [
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/\d/, 10],
    [/[ -/:-@[-`{-~]/, 33],
    [/[^ -~]/, 100],
  ];
  return sizes.reduce((sum, [pattern, size]) => (pattern.test(text) ? sum + size : sum), 2);
}

function follows(before: string, character: string): boolean {
  if (before === "") return false;
  if (before === character) return true;
  const pair = (before + character).toLowerCase();
  const reverse = (character + before).toLowerCase();
  return ROWS.some((row) => row.includes(pair) || row.includes(reverse));
}
