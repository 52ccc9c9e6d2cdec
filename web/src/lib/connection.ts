/** Whether this device has a network. Reading goes on from what is kept; changes wait here and go out when it is back. */
import { useSyncExternalStore } from "react";
import { create } from "zustand";

/** How many changes wait for the network. */
export const useWaitingChanges = create<{ count: number }>(() => ({ count: 0 }));

export function useOnline(): boolean {
  return useSyncExternalStore(
    (changed) => {
      addEventListener("online", changed);
      addEventListener("offline", changed);
      return () => {
        removeEventListener("online", changed);
        removeEventListener("offline", changed);
      };
    },
    () => navigator.onLine,
  );
}

/** Returns when there is a network; at once when there is. */
export async function hold(signal: AbortSignal): Promise<void> {
  if (navigator.onLine) return;
  const add = (by: number) => useWaitingChanges.setState(({ count }) => ({ count: count + by }));
  add(1);
  try {
    await new Promise<void>((resolve, reject) => {
      addEventListener("online", () => resolve(), { once: true, signal });
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  } finally {
    add(-1);
  }
}
