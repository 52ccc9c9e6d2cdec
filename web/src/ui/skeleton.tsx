/** Placeholders with the measures of what will stand in their place, so that nothing jumps. */
import { useEffect, useState, type ReactNode } from "react";
import { cx } from "./cx";

export function Skeleton({ className }: { className?: string | undefined }) {
  return <span aria-hidden className={cx("block h-4 animate-pulse rounded-control bg-sunken", className)} />;
}

const WIDTHS = ["w-full", "w-11/12", "w-4/5", "w-full", "w-2/3"];

export function SkeletonText({ lines = 3, className }: { lines?: number | undefined; className?: string | undefined }) {
  return (
    <span aria-hidden className={cx("flex flex-col gap-2", className)}>
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} className={line === lines - 1 ? "w-1/2" : WIDTHS[line % WIDTHS.length]} />
      ))}
    </span>
  );
}

/** Shows its children after a moment only: what is there at once needs no placeholder, and a flash of one is noise. */
export function Delayed({ ms = 150, children }: { ms?: number | undefined; children: ReactNode }) {
  const [due, setDue] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setDue(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return due ? children : null;
}
