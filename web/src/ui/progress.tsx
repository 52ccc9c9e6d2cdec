/** How far something is, with the figure; without a value, that it is going on. */
import { useId } from "react";
import { formatNumber } from "@/lib/format";
import { cx } from "./cx";

interface ProgressProps {
  label: string;
  value?: number | undefined;
  max?: number | undefined;
  /** "120 of 1,000 entries"; a percentage is shown when it is left out. */
  detail?: string | undefined;
  className?: string | undefined;
}

export function Progress({ label, value, max = 1, detail, className }: ProgressProps) {
  const id = useId();
  const share = value === undefined || max <= 0 ? undefined : Math.min(1, Math.max(0, value / max));
  const percent = share === undefined ? undefined : Math.floor(share * 100);
  const figure = detail || (percent === undefined ? "In progress…" : `${formatNumber(percent)} %`);
  return (
    <div className={cx("flex flex-col gap-1", className)}>
      <div className="flex items-baseline justify-between gap-3 text-dense">
        <span id={id} className="min-w-0">
          {label}
        </span>
        <span className="shrink-0 text-muted tabular-nums">{figure}</span>
      </div>
      <div
        role="progressbar"
        aria-labelledby={id}
        aria-valuetext={figure}
        {...(percent !== undefined && { "aria-valuenow": percent, "aria-valuemin": 0, "aria-valuemax": 100 })}
        className="h-1.5 overflow-hidden rounded-full bg-sunken"
      >
        <div
          className={cx(
            "h-full w-full origin-left rounded-full bg-accent transition-transform duration-150",
            share === undefined && "animate-pulse opacity-60",
          )}
          style={{ transform: `scaleX(${share ?? 1})` }}
        />
      </div>
    </div>
  );
}
