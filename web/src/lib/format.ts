/** Times, numbers and lists in the reader's own way of writing them. */

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const number = new Intl.NumberFormat();
const list = new Intl.ListFormat(undefined, { type: "conjunction" });

export const formatDateTime = (at: string | Date): string => written(dateTime, at);
export const formatDate = (at: string | Date): string => written(date, at);
export const formatNumber = (value: number): string => number.format(value);
export const listOf = (words: string[]): string => list.format(words);

function written(format: Intl.DateTimeFormat, at: string | Date): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? String(at) : format.format(time);
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** "3 minutes ago", "in 2 days", "now" for less than a minute either way. */
export function formatRelative(at: string | Date, now: Date): string {
  const seconds = (new Date(at).getTime() - now.getTime()) / 1000;
  if (Number.isNaN(seconds)) return String(at);
  const unit = UNITS.find(([, size]) => Math.abs(seconds) >= size);
  return unit ? relative.format(Math.trunc(seconds / unit[1]), unit[0]) : relative.format(0, "second");
}

export function formatBytes(bytes: number): string {
  const format = (value: number, unit: string) =>
    new Intl.NumberFormat(undefined, { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
  if (bytes >= 1e6) return format(bytes / 1e6, "megabyte");
  return bytes >= 1e3 ? format(bytes / 1e3, "kilobyte") : format(bytes, "byte");
}
