/** One filter in the row above a list: what it is set to, a menu or a small form to change it, a cross to drop it. */
import { ChevronDown } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Button } from "./button";
import { RemoveButton } from "./chip";
import { cx } from "./cx";
import { Menu } from "./menu";
import { Popover } from "./popover";

interface Option {
  value: string;
  label: string;
}

interface FilterChipProps {
  label: string;
  /** What it is set to; nothing when the filter does not apply. */
  value?: string | null | undefined;
  options?: Option[] | undefined;
  onChange?: ((value: string) => void) | undefined;
  onClear: () => void;
  /** The content of the popover where a list of options does not do; the function form can close it. */
  children?: ReactNode | ((close: () => void) => ReactNode);
  className?: string | undefined;
}

export function FilterChip({ label, value, options, onChange, onClear, children, className }: FilterChipProps) {
  const [open, setOpen] = useState(false);
  const set = value !== undefined && value !== null && value !== "";
  const shown = options?.find((option) => option.value === value)?.label ?? value;
  const trigger = (
    <button
      type="button"
      className={cx(
        "inline-flex min-h-7 min-w-0 items-center gap-1 rounded-control px-2 text-dense hover:bg-hover aria-expanded:bg-hover pointer-coarse:min-h-10",
        !set && "text-muted",
      )}
    >
      <span className="truncate">
        {label}
        {set && <span className="font-medium text-text">: {shown}</span>}
      </span>
      <ChevronDown size={14} aria-hidden className="shrink-0 text-muted" />
    </button>
  );
  return (
    <span
      className={cx(
        "inline-flex max-w-full items-center rounded-control border bg-surface",
        set ? "border-control" : "border-dashed border-control",
        className,
      )}
    >
      {options ? (
        <Menu
          trigger={trigger}
          items={options.map((option) => ({
            label: option.label,
            checked: option.value === value,
            closes: true,
            onSelect: () => onChange?.(option.value),
          }))}
        />
      ) : (
        <Popover trigger={trigger} title={label} open={open} onOpenChange={setOpen}>
          {typeof children === "function" ? children(() => setOpen(false)) : children}
        </Popover>
      )}
      {set && <RemoveButton label={`Clear ${label}`} onClick={onClear} />}
    </span>
  );
}

/** Behind the chips, when more than one of them is set. */
export function ClearAll({ count, onClear }: { count: number; onClear: () => void }) {
  if (count < 2) return null;
  return (
    <Button size="sm" variant="ghost" onClick={onClear}>
      Clear all
    </Button>
  );
}
