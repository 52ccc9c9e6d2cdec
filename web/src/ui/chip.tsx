/** A word that a person has picked, with a cross to drop it. */
import { X } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cx } from "./cx";

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
