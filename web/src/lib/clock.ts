/**
 * The server's time. Relative times ("3 minutes ago") are counted from it, so that a wrong clock on this device does not
 * lie about when things happened.
 */
let offset = 0;

/** Learns from the `Date` header of an answer; the header has whole seconds, so less than two of difference is noise. */
export function learnTime(response: Response): void {
  const date = Date.parse(response.headers.get("date") ?? "");
  if (Number.isNaN(date)) return;
  const difference = date - Date.now();
  offset = Math.abs(difference) < 2000 ? 0 : difference;
}

export function serverNow(): Date {
  return new Date(Date.now() + offset);
}

/** By how much this device's clock is wrong, in milliseconds; positive when it is behind. */
export function clockSkew(): number {
  return offset;
}
