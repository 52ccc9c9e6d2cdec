/** Too many attempts: how long to wait, counted down. */
import { Hourglass } from "lucide-react";
import { useCallback, useEffect, useState } from "react";

import { Message } from "./auth-layout";
import { TooMany } from "./requests";
import { clockOf, wordsOf } from "./waiting-rules";

interface Wait {
  code: string;
  /** As the page's own clock counts, which nobody sets. */
  until: number;
  whole: number;
}

export interface Waiting {
  wait: Wait | undefined;
  seconds: number;
  /** Takes a failure that is about waiting; others are not its business. */
  hear: (error: unknown) => boolean;
  forget: () => void;
}

export function useWaiting(): Waiting {
  const [wait, setWait] = useState<Wait>();
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!wait) return undefined;
    const timer = setInterval(() => setNow(performance.now()), 250);
    return () => clearInterval(timer);
  }, [wait]);
  const hear = useCallback((error: unknown) => {
    if (!(error instanceof TooMany)) return false;
    setNow(performance.now());
    setWait({ code: error.code, until: performance.now() + error.seconds * 1000, whole: error.seconds });
    return true;
  }, []);
  const forget = useCallback(() => setWait(undefined), []);
  return { wait, seconds: wait ? Math.max(0, Math.ceil((wait.until - now) / 1000)) : 0, hear, forget };
}

export function WaitingAlert({ waiting: { wait, seconds } }: { waiting: Waiting }) {
  if (!wait) return null;
  if (seconds === 0) {
    return (
      <p role="status" className="rounded-card bg-ok-soft p-3 text-ok-text">
        You can try again now.
      </p>
    );
  }
  return (
    <div role="alert">
      <Message tone="warn" icon={Hourglass}>
        <p className="font-medium">{wait.code === "rate_limited" ? "Too many requests" : "Too many failed attempts"}</p>
        {/* Said once in words; a countdown that speaks every second helps nobody. */}
        <p className="sr-only">You can try again in {wordsOf(wait.whole)}.</p>
        <p aria-hidden>
          You can try again in <span className="font-medium tabular-nums">{clockOf(seconds)}</span>.
        </p>
      </Message>
    </div>
  );
}
