/** Times to wait, for people. */

/** "0:07", "15:00" */
export function clockOf(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** "7 seconds", "1 minute", "15 minutes": rounded up, so that whoever waits this long is let in. */
export function wordsOf(seconds: number): string {
  const [count, unit] = seconds < 60 ? [seconds, "second"] : [Math.ceil(seconds / 60), "minute"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** From the header `Retry-After`, which is seconds or a date; a minute when it says nothing that can be read. */
export function retryAfter(header: string | null, now: Date): number {
  const seconds = Number(header ?? Number.NaN);
  const wait = Number.isNaN(seconds) ? (Date.parse(header ?? "") - now.getTime()) / 1000 : seconds;
  return Number.isNaN(wait) || seconds < 0 ? 60 : Math.max(1, Math.ceil(wait));
}
