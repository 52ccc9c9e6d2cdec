/** One of many options, found by typing. */
import { Combobox } from "@base-ui/react/combobox";
import { Check, ChevronsUpDown } from "lucide-react";
import { useState, type Ref } from "react";
import { cx } from "./cx";
import { CONTROL, Frame, useWiring, type FieldProps } from "./field-frame";
import type { Option } from "./field-option";
import { OPTION, OptionText } from "./field-select";
import { FLOATING } from "./floating";

export interface ComboFieldProps extends FieldProps {
  options: readonly Option[];
  value: string;
  onChange: (value: string) => void;
  placeholder?: string | undefined;
  ref?: Ref<HTMLInputElement> | undefined;
}

/** More than this nobody reads through; typing narrows it down. */
const SHOWN = 100;

export function ComboField({
  options,
  value,
  onChange,
  placeholder = "Type to search…",
  ref,
  ...props
}: ComboFieldProps) {
  const wiring = useWiring(props);
  const [typed, setTyped] = useState("");
  const chosen = options.find((option) => option.value === value) ?? null;
  const more = options.length > SHOWN && (typed === "" || typed === chosen?.label);
  return (
    <Frame field={props} wiring={wiring}>
      <Combobox.Root
        items={options}
        value={chosen}
        onValueChange={(option: Option | null) => onChange(option?.value ?? "")}
        onInputValueChange={setTyped}
        isItemEqualToValue={(one, other) => one?.value === other?.value}
        limit={SHOWN}
        disabled={props.disabled ?? false}
      >
        <Combobox.InputGroup className="relative">
          <Combobox.Input
            {...wiring.control}
            ref={ref}
            // The rest of the page, its label too, is hidden from screen readers while the list is open.
            aria-label={props.label}
            placeholder={placeholder}
            onBlur={props.onBlur}
            dir="auto"
            className={cx(CONTROL, "pe-9")}
          />
          <Combobox.Trigger
            aria-label={`Show the options of ${props.label}`}
            className="absolute inset-y-0 end-0.5 my-auto grid size-7 place-items-center rounded-control text-muted hover:bg-hover"
          >
            <ChevronsUpDown size={14} aria-hidden />
          </Combobox.Trigger>
        </Combobox.InputGroup>
        <Combobox.Portal>
          <Combobox.Positioner sideOffset={4} collisionPadding={8} className="z-40 outline-none">
            <Combobox.Popup
              className={cx(
                FLOATING,
                "flex max-h-[min(20rem,var(--available-height))] w-(--anchor-width) min-w-48 flex-col",
              )}
            >
              <Combobox.Empty className="p-3 text-muted empty:p-0">Nothing matches “{typed}”.</Combobox.Empty>
              <Combobox.List className="min-h-0 overflow-y-auto overscroll-contain p-1 data-empty:p-0">
                {(option: Option) => (
                  <Combobox.Item key={option.value} value={option} className={OPTION}>
                    <OptionText option={option} />
                    <Combobox.ItemIndicator className="ms-auto shrink-0">
                      <Check size={16} aria-hidden />
                    </Combobox.ItemIndicator>
                  </Combobox.Item>
                )}
              </Combobox.List>
              {more && (
                <p className="border-t border-border px-3 py-2 text-dense text-muted">
                  The first {SHOWN} of {options.length}. Type to see others.
                </p>
              )}
            </Combobox.Popup>
          </Combobox.Positioner>
        </Combobox.Portal>
      </Combobox.Root>
    </Frame>
  );
}
