/** Fields in which something is typed. */
import { Eye, EyeOff, Search, X } from "lucide-react";
import {
  useState,
  type HTMLInputAutoCompleteAttribute,
  type HTMLInputTypeAttribute,
  type ReactNode,
  type Ref,
} from "react";
import { IconButton } from "./button";
import { cx } from "./cx";
import { CONTROL, controlProps, Frame, useWiring, type FieldProps } from "./field-frame";
import { PasswordStrength } from "./password-strength";

export interface TextFieldProps extends FieldProps {
  value: string;
  onChange: (text: string) => void;
  ref?: Ref<HTMLInputElement & HTMLTextAreaElement> | undefined;
  type?: HTMLInputTypeAttribute | undefined;
  autoComplete?: HTMLInputAutoCompleteAttribute | undefined;
  inputMode?: "text" | "email" | "url" | "numeric" | "decimal" | "tel" | "search" | "none" | undefined;
  placeholder?: string | undefined;
  autoFocus?: boolean | undefined;
  readOnly?: boolean | undefined;
  spellCheck?: boolean | undefined;
  mono?: boolean | undefined;
  maxLength?: number | undefined;
  dir?: string | undefined;
  multiline?: boolean | undefined;
  rows?: number | undefined;
  /** Stands inside the field at its end: a unit, a button. */
  suffix?: ReactNode;
}

export function TextField({
  value,
  onChange,
  mono,
  multiline,
  rows,
  suffix,
  dir = "auto",
  type,
  ...props
}: TextFieldProps) {
  const near = props.maxLength !== undefined && value.length > props.maxLength * 0.8;
  const count = near ? `${value.length} of ${props.maxLength} characters` : undefined;
  const hint = count ? (
    <>
      {props.hint && <span className="block">{props.hint}</span>}
      <span className="block">{count}</span>
    </>
  ) : (
    props.hint
  );
  const field = { ...props, hint };
  const wiring = useWiring(field);
  const attributes = {
    ...controlProps(props),
    ...wiring.control,
    value,
    dir,
    onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value),
    className: cx(CONTROL, mono && "font-mono", suffix && "pe-11", multiline && "field-sizing-content max-h-96"),
  };
  return (
    <Frame field={field} wiring={wiring}>
      {multiline ? (
        // The field grows with its text, and `rows` would not count.
        <textarea {...attributes} style={{ minHeight: `calc(${rows ?? 4}lh + 0.625rem)` }} />
      ) : (
        <span className="relative block">
          <input type={type ?? "text"} {...attributes} />
          {suffix && <span className="absolute inset-y-0 end-0.5 flex items-center text-muted">{suffix}</span>}
        </span>
      )}
    </Frame>
  );
}

export interface PasswordFieldProps extends Omit<TextFieldProps, "type" | "suffix" | "multiline" | "rows"> {
  /** Says how hard the password would be to guess; for a new one only. */
  strength?: boolean | undefined;
}

export function PasswordField({ strength, ...props }: PasswordFieldProps) {
  const [shown, setShown] = useState(false);
  return (
    <div className={cx("flex flex-col gap-1", props.className)}>
      <TextField
        autoComplete={strength ? "new-password" : "current-password"}
        {...props}
        className={undefined}
        dir="ltr"
        spellCheck={false}
        type={shown ? "text" : "password"}
        suffix={
          <IconButton
            label={shown ? "Hide password" : "Show password"}
            icon={shown ? EyeOff : Eye}
            size="sm"
            disabled={props.disabled}
            onClick={() => setShown(!shown)}
          />
        }
      />
      {strength && <PasswordStrength password={props.value} />}
    </div>
  );
}

export interface CodeFieldProps extends Omit<TextFieldProps, "type" | "suffix" | "multiline" | "rows" | "maxLength"> {
  length?: number | undefined;
  /** The last digit has been typed. */
  onComplete?: ((code: string) => void) | undefined;
}

/** One input, not six boxes: password managers, pasting and screen readers all know what to do with it. */
export function CodeField({ length = 6, value, onChange, onComplete, ...props }: CodeFieldProps) {
  const take = (text: string) => {
    const code = text.replace(/\D/g, "").slice(0, length);
    if (code === value) return;
    onChange(code);
    if (code.length === length) onComplete?.(code);
  };
  return (
    <TextField
      inputMode="numeric"
      autoComplete="one-time-code"
      {...props}
      className={cx(
        "[&_input]:max-w-48 [&_input]:text-lg [&_input]:tracking-[0.25em] [&_input]:tabular-nums",
        props.className,
      )}
      dir="ltr"
      spellCheck={false}
      placeholder={"0".repeat(length)}
      value={value}
      onChange={take}
    />
  );
}

interface SearchFieldProps extends Omit<FieldProps, "hint" | "error" | "required"> {
  value: string;
  onChange: (text: string) => void;
  placeholder?: string | undefined;
  autoFocus?: boolean | undefined;
  ref?: Ref<HTMLInputElement> | undefined;
}

export function SearchField({ value, onChange, placeholder, className, label, id, ...props }: SearchFieldProps) {
  return (
    <span role="search" className={cx("relative block min-w-0", className)}>
      <Search size={16} aria-hidden className="pointer-events-none absolute inset-y-0 start-2.5 my-auto text-muted" />
      <input
        {...controlProps({ ...props, label })}
        id={id}
        type="search"
        aria-label={label}
        placeholder={placeholder ?? label}
        value={value}
        dir="auto"
        onChange={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || value === "") return;
          event.stopPropagation();
          onChange("");
        }}
        className={cx(CONTROL, "ps-8 [&::-webkit-search-cancel-button]:hidden", value && "pe-9")}
      />
      {value && (
        <span className="absolute inset-y-0 end-0.5 flex items-center">
          <IconButton label="Clear search" icon={X} size="sm" onClick={() => onChange("")} />
        </span>
      )}
    </span>
  );
}
