import { useEffect, useReducer } from "react";

import { serverNow } from "@/lib/clock";

const LOOK_MS = 1000;

/** Whether this moment is over, by the server's clock; becomes true by itself. */
export function useIsPast(at: string): boolean {
  const [, look] = useReducer((times: number) => times + 1, 0);
  const isPast = Date.parse(at) <= serverNow().getTime();
  useEffect(() => {
    if (isPast) return undefined;
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [isPast]);
  return isPast;
}
