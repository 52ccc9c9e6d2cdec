/** When a new key ends. */
export const EXPIRIES = [
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
  { value: "date", label: "On a date…" },
  { value: "never", label: "Never", description: "It works until somebody revokes it." },
];

const DAY_MS = 24 * 3600 * 1000;

/**
 * Counted from when the form was opened, so that a repeated request is the same request. `date` is "2026-03-01"; the key
 * works to the end of that day where the person is.
 */
export function expiryOf(choice: string, date: string, openedAt: Date): string | null {
  if (choice === "never") return null;
  if (choice !== "date") return new Date(openedAt.getTime() + Number(choice) * DAY_MS).toISOString();
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  return new Date(year, month - 1, day, 23, 59, 59).toISOString();
}

/** "2026-03-01", where the person is. */
export function dayOf(at: Date): string {
  const two = (part: number) => String(part).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
