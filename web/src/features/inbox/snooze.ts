/** Until when a conversation is put off: what one picks most, as moments in this device's time zone. */
export interface Preset {
  label: string;
  until: Date;
}

const MORNING = 9;
const EVENING = 18;

export function presets(now: Date): Preset[] {
  const isEvening = now.getHours() >= EVENING - 1;
  return [
    { label: "In an hour", until: new Date(now.getTime() + 3_600_000) },
    ...(isEvening ? [] : [{ label: "This evening", until: at(now, 0, EVENING) }]),
    { label: "Tomorrow morning", until: at(now, 1, MORNING) },
    { label: "Next Monday", until: at(now, daysToMonday(now), MORNING) },
    { label: "In a week", until: at(now, 7, MORNING) },
  ];
}

/** By the calendar, so that a change of the clocks does not move the morning. */
const at = (now: Date, days: number, hour: number): Date =>
  new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);

const daysToMonday = (now: Date): number => (8 - now.getDay()) % 7 || 7;

const LONGEST_MS = 366 * 24 * 3_600_000;

/** Why this moment, as a field of the browser gives it, will not do; nothing when it does. */
export function complaintAbout(moment: string, now: Date): string | undefined {
  const ms = new Date(moment).getTime() - now.getTime();
  if (Number.isNaN(ms)) return "Choose a day and a time.";
  if (ms <= 0) return "This moment is over. Choose one that comes.";
  return ms > LONGEST_MS ? "Choose a moment within the next year." : undefined;
}
