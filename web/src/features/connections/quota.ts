/** What a platform last said of its limits. Each has words of its own; the usual ones are put into ours. */

export interface QuotaLine {
  name: string;
  value: string;
  /** Used share between 0 and 1, where it can be told. */
  share?: number;
}

const NAMES: Record<string, string> = {
  call_count: "Calls",
  total_time: "Computing time",
  total_cputime: "Processor time",
  estimated_time_to_regain_access: "Minutes until calls are taken again",
  remaining: "Calls left",
  limit: "Calls allowed",
};
/** Percentages of what is allowed. */
const PERCENT = new Set(["call_count", "total_time", "total_cputime"]);
const MOST = 8;
const DEEPEST = 4;

export function linesOf(quota: unknown): QuotaLine[] {
  const lines: QuotaLine[] = [];
  read(quota, "", 0, lines);
  return lines.slice(0, MOST);
}

function read(value: unknown, name: string, depth: number, lines: QuotaLine[]): void {
  if (depth > DEEPEST || lines.length >= MOST) return;
  if (Array.isArray(value)) for (const one of value) read(one, name, depth + 1, lines);
  else if (typeof value === "object" && value !== null) readFields(value, name, depth, lines);
  else if (typeof value === "number" || typeof value === "string") lines.push(lineOf(name, value));
}

function readFields(fields: object, of: string, depth: number, lines: QuotaLine[]): void {
  const { remaining, limit, ...rest } = fields as Record<string, unknown>;
  if (typeof remaining === "number" && typeof limit === "number" && limit > 0) {
    const share = Math.min(1, Math.max(0, 1 - remaining / limit));
    lines.push({ name: of ? `${wordsOf(of)} left` : "Calls left", value: `${remaining} of ${limit}`, share });
  } else {
    for (const [name, value] of Object.entries({ remaining, limit })) read(value, name, depth + 1, lines);
  }
  for (const [name, value] of Object.entries(rest)) read(value, name, depth + 1, lines);
}

function lineOf(name: string, value: number | string): QuotaLine {
  const known = NAMES[name] ?? wordsOf(name);
  if (!PERCENT.has(name) || typeof value !== "number") return { name: known, value: String(value) };
  return { name: known, value: `${value} % used`, share: Math.min(1, Math.max(0, value / 100)) };
}

function wordsOf(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** From four fifths on there is something to see on the card. */
export const isScarce = (lines: readonly QuotaLine[]): boolean => lines.some(({ share = 0 }) => share >= 0.8);
