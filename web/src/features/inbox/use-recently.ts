/** Whether somebody changed this within so many milliseconds; what was there at the beginning is no change. */
import { useEffect, useRef, useState } from "react";

export function useRecently(text: string, ms: number): boolean {
  const [isRecent, setRecent] = useState(false);
  const before = useRef(text);
  useEffect(() => {
    if (before.current === text) return undefined;
    before.current = text;
    setRecent(text !== "");
    const timer = setTimeout(() => setRecent(false), ms);
    return () => clearTimeout(timer);
  }, [text, ms]);
  return isRecent;
}
