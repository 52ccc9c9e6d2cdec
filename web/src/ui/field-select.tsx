/** One of a few options, from a list that opens. For more than about twenty use ComboField. */
import { Select } from "@base-ui/react/select";
import { Check, ChevronsUpDown } from "lucide-react";
import type { Ref } from "react";
import { cx } from "./cx";
import { CONTROL, Frame, useWiring, type FieldProps } from "./field-frame";
import type { Option } from "./field-option";
import { FLOATING } from "./floating";

export interface SelectFieldProps extends FieldProps {
  options: readonly Option[];
  value: string;
  onChange: (value: string) => void;
  placeholder?: string | undefined;
  ref?: Ref<HTMLButtonElement> | undefined;
}

export function SelectField({ options, value, onChange, placeholder = "Choose…", ref, ...props }: SelectFieldProps) {
  const wiring = useWiring(props);
  const chosen = options.find((option) => option.value === value);
  return (
    <Frame field={props} wiring={wiring} group>
      <Select.Root
        value={chosen ? value : null}
        onValueChange={(next) => next !== null && onChange(next)}
        onOpenChange={(open) => !open && props.onBlur?.()}
        disabled={props.disabled ?? false}
        {...(props.name && { name: props.name })}
      >
        <Select.Trigger
          {...wiring.control}
          ref={ref}
          aria-labelledby={wiring.labelId}
          className={cx(
            CONTROL,
            "flex items-center justify-between gap-2 text-start data-disabled:bg-sunken data-disabled:text-muted",
          )}
        >
          <span className={cx("min-w-0 truncate", !chosen && "text-muted")}>
            {chosen?.label ?? (value || placeholder)}
          </span>
          <ChevronsUpDown size={14} aria-hidden className="shrink-0 text-muted" />
        </Select.Trigger>
        <Select.Portal>
          <Select.Positioner
            alignItemWithTrigger={false}
            sideOffset={4}
            collisionPadding={8}
            className="z-40 outline-none"
          >
            <Select.Popup
              className={cx(
                FLOATING,
                "max-h-[min(24rem,var(--available-height))] min-w-(--anchor-width) max-w-[max(var(--anchor-width),min(24rem,var(--available-width)))] overflow-y-auto p-1",
              )}
            >
              {options.map((option) => (
                <Select.Item key={option.value} value={option.value} label={option.label} className={OPTION}>
                  <OptionText option={option} />
                  <Select.ItemIndicator className="ms-auto shrink-0">
                    <Check size={16} aria-hidden />
                  </Select.ItemIndicator>
                </Select.Item>
              ))}
            </Select.Popup>
          </Select.Positioner>
        </Select.Portal>
      </Select.Root>
    </Frame>
  );
}

export const OPTION =
  "flex min-h-8 items-start gap-3 rounded-control px-2 py-1.5 text-base outline-none select-none data-highlighted:bg-hover pointer-coarse:min-h-10";

export function OptionText({ option }: { option: Option }) {
  return (
    <span className="min-w-0">
      <span dir="auto" className="block">
        {option.label}
      </span>
      {option.description && <span className="block text-dense text-muted">{option.description}</span>}
    </span>
  );
}
