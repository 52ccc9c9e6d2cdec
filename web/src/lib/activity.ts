/** Work that goes on in the background and reports in the activity menu. */
import { create } from "zustand";

export interface Activity {
  id: number;
  title: string;
  startedAt: Date;
  state: "running" | "done" | "failed" | "cancelled";
  /** What is done so far; `share` between 0 and 1 where the whole is known. */
  detail: string;
  share?: number;
  error?: unknown;
  download?: Download;
  cancel: () => void;
}

export interface Download {
  name: string;
  blob: Blob;
}

interface Result {
  /** One sentence about the outcome. */
  done: string;
  download?: Download;
}

type Report = (detail: string, share?: number) => void;

const KEPT = 20;

export const useActivities = create<{ activities: Activity[] }>(() => ({ activities: [] }));

let lastId = 0;

/** Starts the work; its progress and outcome are in the menu, and the promise tells the starter too. */
export async function runActivity(
  title: string,
  work: (report: Report, signal: AbortSignal) => Promise<Result>,
): Promise<Result | undefined> {
  const id = ++lastId;
  const stopper = new AbortController();
  const begun: Activity = {
    id,
    title,
    startedAt: new Date(),
    state: "running",
    detail: "",
    cancel: () => stopper.abort(),
  };
  useActivities.setState(({ activities }) => ({ activities: [begun, ...activities].slice(0, KEPT) }));
  try {
    const result = await work(
      (detail, share) => change(id, { detail, ...(share !== undefined && { share }) }),
      stopper.signal,
    );
    change(id, { state: "done", detail: result.done, ...(result.download && { download: result.download }) });
    return result;
  } catch (error) {
    change(id, stopper.signal.aborted ? { state: "cancelled", detail: "Cancelled." } : { state: "failed", error });
    return undefined;
  }
}

export function forgetActivities(): void {
  for (const activity of useActivities.getState().activities) if (activity.state === "running") activity.cancel();
  useActivities.setState({ activities: [] });
}

function change(id: number, changes: Partial<Activity>): void {
  useActivities.setState(({ activities }) => ({
    activities: activities.map((activity) => (activity.id === id ? { ...activity, ...changes } : activity)),
  }));
}
