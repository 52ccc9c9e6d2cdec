/** Small marks: the state of a thing, and the words a person has picked. Colour never speaks alone, the text does. */
import { X, type LucideIcon } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cx } from "./cx";

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
        "inline-flex max-w-full items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium",
        TONES[tone],
        className,
      )}
    >
      {Icon && <Icon size={12} aria-hidden className="shrink-0" />}
      <span className="truncate">{children}</span>
    </span>
  );
}

interface ChipProps extends ComponentProps<"span"> {
  onRemove?: (() => void) | undefined;
  /** What is removed, for the button's name; needed where the children are not plain text. */
  removeLabel?: string | undefined;
  children: ReactNode;
}

export function Chip({ onRemove, removeLabel, className, children, ...rest }: ChipProps) {
  const name = removeLabel ?? (typeof children === "string" ? `Remove ${children}` : "Remove");
  return (
    <span
      {...rest}
      className={cx(
        "inline-flex min-h-7 max-w-full items-center gap-1 rounded-control border border-border bg-surface px-2 text-dense",
        onRemove && "pe-0.5",
        className,
      )}
    >
      <span className="truncate">{children}</span>
      {onRemove && <RemoveButton label={name} onClick={onRemove} />}
    </span>
  );
}

export function RemoveButton({ label, ...rest }: ComponentProps<"button"> & { label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      {...rest}
      className="grid size-6 shrink-0 place-items-center rounded-control text-muted hover:bg-hover hover:text-text pointer-coarse:size-10"
    >
      <X size={14} aria-hidden />
    </button>
  );
}
