/** Fields in which something is ticked or switched: the browser's own controls with our look. */
import { Check, Circle } from "lucide-react";
import { useId, type Ref } from "react";
import { cx } from "./cx";
import { Below, controlProps, Frame, useWiring, type FieldProps } from "./field-frame";
import type { Option } from "./field-option";

const BOX =
  "peer size-4 shrink-0 appearance-none border border-control bg-surface transition-colors duration-100 checked:border-accent checked:bg-accent disabled:opacity-50 aria-invalid:border-danger-text";
const ROW = "flex min-h-6 items-start gap-2.5 has-disabled:opacity-60 pointer-coarse:min-h-10 pointer-coarse:py-2";

interface TickProps extends FieldProps {
  checked: boolean;
  onChange: (checked: boolean) => void;
  ref?: Ref<HTMLInputElement> | undefined;
}

export function CheckField({ checked, onChange, ...props }: TickProps) {
  const wiring = useWiring(props);
  return (
    <div className={cx("flex min-w-0 flex-col", props.className)}>
      <div className={ROW}>
        <span className="relative mt-0.5 grid place-items-center">
          <input
            {...controlProps(props)}
            {...wiring.control}
            type="checkbox"
            checked={checked}
            onChange={(event) => onChange(event.currentTarget.checked)}
            className={cx(BOX, "rounded-sm")}
          />
          <Tick />
        </span>
        <label htmlFor={wiring.id}>{props.label}</label>
      </div>
      <div className="ps-6.5">
        <Below hint={props.hint} error={props.error} wiring={wiring} />
      </div>
    </div>
  );
}

function Tick() {
  return (
    <Check
      size={12}
      strokeWidth={3}
      aria-hidden
      className="pointer-events-none absolute text-on-accent opacity-0 peer-checked:opacity-100"
    />
  );
}

export function SwitchField({ checked, onChange, ...props }: TickProps) {
  const wiring = useWiring(props);
  return (
    <div className={cx("flex min-w-0 items-start justify-between gap-4", props.className)}>
      <div className="min-w-0">
        <label htmlFor={wiring.id} className={cx("font-medium", props.hideLabel && "sr-only")}>
          {props.label}
        </label>
        <Below hint={props.hint} error={props.error} wiring={wiring} />
      </div>
      <span className="grid min-h-6 shrink-0 place-items-center pointer-coarse:min-h-10">
        <input
          {...controlProps(props)}
          {...wiring.control}
          type="checkbox"
          role="switch"
          checked={checked}
          aria-checked={checked}
          onChange={(event) => onChange(event.currentTarget.checked)}
          className="relative h-5 w-9 appearance-none rounded-full border border-control bg-sunken transition-colors duration-100 before:absolute before:top-0.5 before:left-0.5 before:size-3.5 before:rounded-full before:bg-control before:transition-transform before:duration-100 checked:border-accent checked:bg-accent checked:before:translate-x-4 checked:before:bg-on-accent disabled:opacity-50"
        />
      </span>
    </div>
  );
}

interface ManyProps extends FieldProps {
  options: readonly Option[];
}

interface RadioProps extends ManyProps {
  value: string;
  onChange: (value: string) => void;
  ref?: Ref<HTMLInputElement> | undefined;
}

export function RadioField({ options, value, onChange, ref, ...props }: RadioProps) {
  const wiring = useWiring(props);
  const made = useId();
  return (
    <Frame field={props} wiring={wiring} group>
      <div role="radiogroup" aria-labelledby={wiring.labelId} {...wiring.control} className="flex flex-col gap-1">
        {options.map((option, index) => (
          <Choice key={option.value} option={option}>
            {(attributes) => (
              <>
                <input
                  {...attributes}
                  ref={index === 0 ? ref : undefined}
                  type="radio"
                  name={props.name ?? made}
                  checked={option.value === value}
                  disabled={props.disabled}
                  onBlur={props.onBlur}
                  onChange={() => onChange(option.value)}
                  className={cx(BOX, "rounded-full")}
                />
                <Circle
                  size={8}
                  fill="currentColor"
                  aria-hidden
                  className="pointer-events-none absolute text-on-accent opacity-0 peer-checked:opacity-100"
                />
              </>
            )}
          </Choice>
        ))}
      </div>
    </Frame>
  );
}

interface GroupProps extends ManyProps {
  values: readonly string[];
  onChange: (values: string[]) => void;
  ref?: Ref<HTMLInputElement> | undefined;
}

export function CheckGroup({ options, values, onChange, ref, ...props }: GroupProps) {
  const wiring = useWiring(props);
  // A group takes neither aria-required nor aria-invalid; the error line says it.
  const { "aria-required": _r, "aria-invalid": _i, ...control } = wiring.control;
  return (
    <Frame field={props} wiring={wiring} group>
      <div role="group" aria-labelledby={wiring.labelId} {...control} className="flex flex-col gap-1">
        {options.map((option, index) => (
          <Choice key={option.value} option={option}>
            {(attributes) => (
              <>
                <input
                  {...attributes}
                  ref={index === 0 ? ref : undefined}
                  type="checkbox"
                  name={props.name}
                  checked={values.includes(option.value)}
                  disabled={props.disabled}
                  onBlur={props.onBlur}
                  onChange={(event) => onChange(picked(options, values, option.value, event.currentTarget.checked))}
                  className={cx(BOX, "rounded-sm")}
                />
                <Tick />
              </>
            )}
          </Choice>
        ))}
      </div>
    </Frame>
  );
}

/** In the order of the options, so that the same choice is the same value; values that are no option are kept. */
function picked(options: readonly Option[], values: readonly string[], value: string, on: boolean): string[] {
  const wanted = new Set(values);
  if (on) wanted.add(value);
  else wanted.delete(value);
  const known = options.map((option) => option.value);
  return [
    ...values.filter((other) => wanted.has(other) && !known.includes(other)),
    ...known.filter((other) => wanted.has(other)),
  ];
}

interface ChoiceProps {
  option: Option;
  children: (attributes: { id: string; "aria-describedby": string | undefined }) => React.ReactNode;
}

function Choice({ option, children }: ChoiceProps) {
  const id = useId();
  const descriptionId = `${id}-description`;
  return (
    <div className={ROW}>
      <span className="relative mt-0.5 grid place-items-center">
        {children({ id, "aria-describedby": option.description ? descriptionId : undefined })}
      </span>
      <span className="min-w-0">
        <label htmlFor={id}>{option.label}</label>
        {option.description && (
          <span id={descriptionId} className="block text-dense text-muted">
            {option.description}
          </span>
        )}
      </span>
    </div>
  );
}
