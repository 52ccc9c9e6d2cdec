/** What the system page says of the event engine, from its figures. */
import type { Schemas } from "@/lib/api";
import { serverNow } from "@/lib/clock";
import { formatNumber, formatRelative, listOf } from "@/lib/format";
import { lastsOf, queueOf } from "@/lib/work-words";

import type { Row } from "./rows";

export type Overview = Schemas["Overview"];

/** A row with what it consists of. */
export interface WorkRow extends Row {
  parts: string[];
  link?: { to: string; label: string };
}

/** A worker tells every second that it lives. */
const SILENT_SECONDS = 30;
/** Work that is not waiting for its next attempt begins long before. */
const OLD_SECONDS = 300;
/** Readers of events are seldom more than a few behind. */
const MANY_EVENTS = 1000;
/** The server counts no further. */
const COUNTED = 10_000;

/** `letters`: how many dead letters are open, where the reader may know. */
export function workRowsOf(work: Overview, letters: number | undefined): WorkRow[] {
  return [
    queuesRow(work),
    workersRow(work),
    eventsRow(work),
    circuitsRow(work),
    ...(letters === undefined ? [] : [lettersRow(letters)]),
    ...(work.installation_dead_letters > 0 ? [installationRow(work)] : []),
  ];
}

export function workSummaryOf(rows: readonly WorkRow[]): Pick<Row, "state"> & { text: string } {
  const failing = rows.filter(({ state }) => state === "fails").length;
  if (failing === 0) return { state: "works", text: "Work is done as it comes" };
  return {
    state: "fails",
    text: failing === 1 ? "Work: 1 thing needs attention" : `Work: ${failing} things need attention`,
  };
}

function queuesRow({ queues, workers }: Overview): WorkRow {
  const waiting = queues.filter(({ jobs }) => jobs > 0);
  const row = { id: "queues", name: "Queues" };
  if (waiting.length === 0) return { ...row, state: "works", detail: "Nothing waits.", parts: [] };
  const alive = workers.filter(isAlive);
  const orphans = waiting.filter(({ queue }) => !alive.some((worker) => worker.queues.includes(queue)));
  const slow = waiting.filter(({ oldest_seconds: age, retrying }) => age > OLD_SECONDS && retrying === 0);
  const parts = waiting.map(partOf);
  if (orphans.length > 0) {
    const names = listOf(orphans.map(({ queue }) => queueOf(queue)));
    const detail = `Nobody works on ${names}: start a process with that role.`;
    return { ...row, state: "fails", detail, parts };
  }
  if (slow.length > 0) {
    const names = listOf(slow.map(({ queue }) => queueOf(queue)));
    return { ...row, state: "fails", detail: `${names}: work waits longer than it should. Add workers.`, parts };
  }
  return { ...row, state: "works", detail: "What waits is young, or waits for its next attempt.", parts };
}

function partOf({ queue, jobs, retrying, oldest_seconds: age }: Overview["queues"][number]): string {
  const count =
    jobs >= COUNTED ? `${formatNumber(COUNTED)} or more wait` : jobs === 1 ? "1 waits" : `${formatNumber(jobs)} wait`;
  const again = retrying > 0 ? `, ${formatNumber(retrying)} for the next attempt` : "";
  return `${queueOf(queue)}: ${count}${again}, the oldest for ${lastsOf(age)}.`;
}

const isAlive = ({ silent_seconds: silent }: Overview["workers"][number]): boolean => silent <= SILENT_SECONDS;

function workersRow({ workers }: Overview): WorkRow {
  const row = { id: "workers", name: "Workers" };
  const alive = workers.filter(isAlive).length;
  const parts = workers.map(({ host, version, queues, silent_seconds: silent }) => {
    const does = queues.length > 0 ? `, for ${listOf(queues.map(queueOf))}` : "";
    return `${host}, version ${version}${does}; last heard of ${silent < 1 ? "just now" : `${lastsOf(silent)} ago`}.`;
  });
  const known = alive === 1 ? "1 process works." : `${formatNumber(alive)} processes work.`;
  if (alive === 0)
    return { ...row, state: "fails", detail: "No process works: what waits is not done. Start one.", parts };
  const silent = workers.length - alive;
  if (silent === 0) return { ...row, state: "works", detail: known, parts };
  const gone = silent === 1 ? "1 is silent" : `${formatNumber(silent)} are silent`;
  return {
    ...row,
    state: "fails",
    detail: `${known} ${gone}; the others take over its work. Look at its host.`,
    parts,
  };
}

function eventsRow({ facts_lag: lag }: Overview): WorkRow {
  const row = { id: "events", name: "Events", parts: [] };
  if (lag === 0) return { ...row, state: "works", detail: "Everything that happened was passed on." };
  const count = lag >= COUNTED ? `${formatNumber(COUNTED)} or more` : formatNumber(lag);
  const events = lag === 1 ? "1 event is" : `${count} events are`;
  if (lag < MANY_EVENTS) return { ...row, state: "works", detail: `${events} about to be passed on.` };
  return { ...row, state: "fails", detail: `${events} not passed on yet. If it grows, look at the workers’ log.` };
}

function circuitsRow({ circuits }: Overview): WorkRow {
  const row = { id: "circuits", name: "Outside systems" };
  if (circuits.length === 0) return { ...row, state: "works", detail: "None is left alone.", parts: [] };
  const parts = circuits.map(({ remote, state, failures, opened_at: at }) => {
    if (state === "half_open") return `${remote} is tried out again.`;
    const since = at ? `; the pause began ${formatRelative(at, serverNow())}` : "";
    const why = failures === 1 ? "1 failure" : `${formatNumber(failures)} failures`;
    return `${remote} is left alone, after ${why}${since}.`;
  });
  const names = circuits.length === 1 ? "1 does not work" : `${formatNumber(circuits.length)} do not work`;
  return { ...row, state: "fails", detail: `${names}. Calls wait, and each is tried again by itself.`, parts };
}

function lettersRow(count: number): WorkRow {
  const link = { to: "/system/dead-letters", label: "Show dead letters" };
  const row = { id: "letters", name: "Dead letters", parts: [], link };
  if (count === 0) return { ...row, state: "works", detail: "No job was given up." };
  const wait = count === 1 ? "1 job was given up and waits" : `${formatNumber(count)} jobs were given up and wait`;
  return { ...row, state: "fails", detail: `${wait} for somebody to replay or discard.` };
}

/** Of no workspace, so that only the operator can look at them. */
function installationRow({ installation_dead_letters: letters }: Overview): WorkRow {
  const count = letters >= COUNTED ? `${formatNumber(COUNTED)} or more` : formatNumber(letters);
  const wait = letters === 1 ? "1 of no workspace waits" : `${count} of no workspace wait`;
  const detail = `${wait} for the operator of this installation: \`socialai dlq list\` shows them.`;
  return { id: "installation-letters", name: "The installation’s dead letters", state: "fails", detail, parts: [] };
}
