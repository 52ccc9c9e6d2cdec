/** What the system page says of each part, from what is known at the moment. */
import type { LiveState } from "@/lib/live";
import { describe } from "@/lib/problems";

import type { Health } from "./queries";

/** `unknown`: it cannot be asked at the moment. */
export type State = "works" | "fails" | "unknown";

export interface Row {
  id: string;
  name: string;
  state: State;
  detail: string;
}

interface Known {
  health: Health | undefined;
  /** Why the last look failed. */
  error: unknown;
  live: LiveState;
  isOnline: boolean;
  /** By how much this device's clock is behind the server's, in milliseconds. */
  skew: number;
}

/** A clock that is wrong by more than this makes codes from an authenticator app on this device wrong, too. */
const SKEW_MS = 30_000;

export function rowsOf({ health, error, live, isOnline, skew }: Known): Row[] {
  const answers = !error && health !== undefined;
  const rows: Row[] = [serverRow(health, error)];
  for (const { name, works, detail } of health?.parts ?? []) {
    // What was true at the last look may not be now.
    const state = answers ? (works ? "works" : "fails") : "unknown";
    rows.push({
      id: `part ${name}`,
      name: nameOf(name),
      state,
      detail: answers ? detail : `When last asked: ${detail}`,
    });
  }
  rows.push(liveRow(live, isOnline));
  rows.push(clockRow(answers, skew));
  return rows;
}

export function summaryOf(rows: Row[]): { state: State; text: string } {
  const failing = rows.filter(({ state }) => state === "fails").length;
  if (failing > 0)
    return { state: "fails", text: failing === 1 ? "1 part needs attention" : `${failing} parts need attention` };
  const unknown = rows.some(({ state }) => state === "unknown");
  return unknown ? { state: "unknown", text: "Not everything is known" } : { state: "works", text: "Everything works" };
}

function serverRow(health: Health | undefined, error: unknown): Row {
  const row = { id: "server", name: "Server" };
  if (error) {
    const { detail, advice } = describe(error);
    return { ...row, state: "fails", detail: [detail, advice].filter(Boolean).join(" ") };
  }
  if (!health) return { ...row, state: "unknown", detail: "Asking it…" };
  return { ...row, state: "works", detail: `It answers. Version ${health.version}.` };
}

function nameOf(part: string): string {
  if (part.startsWith("shard ")) return `Database “${part.slice("shard ".length)}”`;
  const names: Record<string, string> = { database: "Database", redis: "Redis", process: "Process" };
  return Object.hasOwn(names, part) ? (names[part] ?? part) : part;
}

function liveRow(live: LiveState, isOnline: boolean): Row {
  const row = { id: "live", name: "Live updates" };
  if (!isOnline)
    return { ...row, state: "fails", detail: "This device is offline. Changes of others appear when it is back." };
  if (live === "live") return { ...row, state: "works", detail: "Changes appear by themselves." };
  if (live === "connecting") return { ...row, state: "unknown", detail: "Connecting…" };
  return {
    ...row,
    state: "fails",
    detail: "The connection is lost and is being made again. Until then, reload to see changes.",
  };
}

function clockRow(answers: boolean, skew: number): Row {
  const row = { id: "clock", name: "This device’s clock" };
  if (Math.abs(skew) > SKEW_MS) {
    const seconds = Math.round(Math.abs(skew) / 1000);
    const amount = seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
    const detail = `It is ${amount} ${skew > 0 ? "behind" : "ahead of"} the server’s. Let the system set it: authenticator codes depend on it.`;
    return { ...row, state: "fails", detail };
  }
  if (!answers) return { ...row, state: "unknown", detail: "It is compared with the server’s when that answers." };
  return { ...row, state: "works", detail: "It agrees with the server’s." };
}
