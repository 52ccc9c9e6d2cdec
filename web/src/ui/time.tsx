/** Points in time: relative, with the exact time on hover and focus, counted by the server's clock. */
import { useContext, useSyncExternalStore } from "react";
import { serverNow } from "@/lib/clock";
import { formatDateTime, formatRelative } from "@/lib/format";
import { cx } from "./cx";
import { InRow } from "./row-context";
import { Tooltip } from "./tooltip";

interface TimeProps {
  at: string;
  className?: string | undefined;
}

export function RelativeTime({ at, className }: TimeProps) {
  useMinute();
  const inRow = useContext(InRow);
  const text = formatRelative(at, serverNow());
  return (
    <Tooltip text={formatDateTime(at)} focusable={!inRow}>
      <time dateTime={at} className={cx("rounded-sm whitespace-nowrap tabular-nums", className)}>
        {text}
      </time>
    </Tooltip>
  );
}

export function DateTime({ at, className }: TimeProps) {
  return (
    <time dateTime={at} className={cx("tabular-nums", className)}>
      {formatDateTime(at)}
    </time>
  );
}

/** One timer for all times of the page, and none when there are none. */
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let minute = 0;

/** Draws again with each minute. */
export function useMinute(): number {
  return useSyncExternalStore(subscribe, () => minute);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    minute += 1;
    for (const tick of listeners) tick();
  }, 60_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}
