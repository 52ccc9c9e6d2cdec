/** Codes of an authenticator app depend on the clock of the device that makes them. */

/** More than the server forgives. */
const NOTICEABLE_MS = 30_000;

/** `skew`: by how much this device is behind the server, negative when it is ahead. */
export function clockHint(skew: number): string {
  if (Math.abs(skew) < NOTICEABLE_MS) return "";
  const minutes = Math.max(1, Math.round(Math.abs(skew) / 60_000));
  const much = minutes < 120 ? `${minutes} minute${minutes === 1 ? "" : "s"}` : `${Math.round(minutes / 60)} hours`;
  return ` The clock of this device is ${much} ${skew > 0 ? "slow" : "fast"}: a code that is made here is wrong until you set it right.`;
}
