/** Whether list and page have room beside each other; the same width as the `md` breakpoint of ui/tokens.css. */
import { useSyncExternalStore } from "react";

const query = matchMedia("(min-width: 768px)");

export function useIsWide(): boolean {
  return useSyncExternalStore(
    (changed) => {
      query.addEventListener("change", changed);
      return () => query.removeEventListener("change", changed);
    },
    () => query.matches,
  );
}
