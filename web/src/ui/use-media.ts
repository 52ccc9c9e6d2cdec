/** Whether a media query holds at the moment. */
import { useCallback, useSyncExternalStore } from "react";

export function useMedia(query: string): boolean {
  const subscribe = useCallback(
    (changed: () => void) => {
      const list = matchMedia(query);
      list.addEventListener("change", changed);
      return () => list.removeEventListener("change", changed);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}

/** Below the breakpoint `md`: lists are cards, dialogs are pages. */
export function useIsPhone(): boolean {
  return useMedia("(width < 768px)");
}
