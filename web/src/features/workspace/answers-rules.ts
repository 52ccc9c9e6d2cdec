/** The first response target as it is typed and told. */
import { formatNumber } from "@/lib/format";

export function checkMinutes(text: string): true | string {
  const minutes = Number(text);
  const isOne = /^\d+$/.test(text.trim()) && minutes >= 1 && minutes <= 10_080;
  return isOne || "An answer is due within 1 to 10080 whole minutes.";
}

export const minutesText = (minutes: number): string =>
  minutes === 1 ? "1 minute" : `${formatNumber(minutes)} minutes`;
