/** Small marks for the state of a thing. Colour never speaks alone, the text does. */
import type { LucideIcon } from "lucide-react";
import type { ComponentProps } from "react";
import { cx } from "./cx";

export { Chip } from "./chip";
export { FilterChip } from "./filter-chip";

export type Tone = "neutral" | "ok" | "warn" | "danger" | "info" | "accent";

const TONES: Record<Tone, string> = {
  neutral: "bg-sunken text-muted",
  ok: "bg-ok-soft text-ok-text",
  warn: "bg-warn-soft text-warn-text",
  danger: "bg-danger-soft text-danger-text",
  info: "bg-info-soft text-info-text",
  accent: "bg-selected text-accent-text",
};

interface BadgeProps extends ComponentProps<"span"> {
  tone?: Tone | undefined;
  icon?: LucideIcon | undefined;
}

export function Badge({ tone = "neutral", icon: Icon, className, children, ...rest }: BadgeProps) {
  return (
    <span
      {...rest}
      className={cx(
        "inline-flex max-w-full items-center gap-1 rounded-full px-2 align-middle py-0.5 text-xs font-medium",
        TONES[tone],
        className,
      )}
    >
      {Icon && <Icon size={12} aria-hidden className="shrink-0" />}
      <span className="truncate">{children}</span>
    </span>
  );
}
