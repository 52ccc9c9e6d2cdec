/** What all fields share: a label above, a hint and an error below, tied to the control for screen readers. */
import { CircleAlert } from "lucide-react";
import { useId, type AriaAttributes, type ReactNode } from "react";
import { cx } from "./cx";

export interface FieldProps extends AriaAttributes {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  required?: boolean | undefined;
  disabled?: boolean | undefined;
  id?: string | undefined;
  name?: string | undefined;
  className?: string | undefined;
  onBlur?: (() => void) | undefined;
  /** Where the place says what the field is; screen readers still hear the label. */
  hideLabel?: boolean | undefined;
}

/** The look of a one-line control. 16 px on touch screens, or phones zoom in when it gets the focus. */
export const CONTROL =
  "w-full min-h-8 rounded-control border border-control bg-surface px-2.5 py-1 text-base text-text transition-colors duration-100 outline-offset-0 aria-invalid:border-danger-text disabled:bg-sunken disabled:text-muted pointer-coarse:min-h-10 pointer-coarse:text-lg";

export interface Wiring {
  id: string;
  labelId: string;
  hintId: string;
  errorId: string;
  /** The attributes of the control. */
  control: AriaAttributes & { id: string };
}

export function useWiring({ id: given, hint, error, required, ...props }: FieldProps): Wiring {
  const made = useId();
  const id = given ?? made;
  const [labelId, hintId, errorId] = [`${id}-label`, `${id}-hint`, `${id}-error`];
  const described = [props["aria-describedby"], hint ? hintId : undefined, error ? errorId : undefined];
  return {
    id,
    labelId,
    hintId,
    errorId,
    control: {
      id,
      "aria-describedby": described.filter(Boolean).join(" ") || undefined,
      "aria-invalid": error ? true : undefined,
      "aria-required": required ? true : undefined,
    },
  };
}

interface FrameProps {
  field: FieldProps;
  wiring: Wiring;
  /** The control is no native one, which a label element could point to. */
  group?: boolean | undefined;
  children: ReactNode;
}

export function Frame({ field, wiring, group = false, children }: FrameProps) {
  const { label, hint, error, required, hideLabel, className } = field;
  const look = cx("text-base font-medium", hideLabel && "sr-only");
  const text = (
    <>
      {label}
      {required && (
        <span aria-hidden className="text-muted">
          {" *"}
        </span>
      )}
    </>
  );
  return (
    <div className={cx("flex min-w-0 flex-col gap-1", className)}>
      {group ? (
        <span id={wiring.labelId} className={look}>
          {text}
        </span>
      ) : (
        <label id={wiring.labelId} htmlFor={wiring.id} className={look}>
          {text}
        </label>
      )}
      {children}
      <Below hint={hint} error={error} wiring={wiring} />
    </div>
  );
}

/** The lines under a control. */
export function Below({ hint, error, wiring }: { hint: ReactNode; error: string | undefined; wiring: Wiring }) {
  return (
    <>
      {hint && (
        <p id={wiring.hintId} className="text-dense text-muted">
          {hint}
        </p>
      )}
      {error && (
        <p id={wiring.errorId} className="flex items-start gap-1 text-dense text-danger-text">
          <CircleAlert size={14} aria-hidden className="mt-[3px] shrink-0" />
          {error}
        </p>
      )}
    </>
  );
}

/** The props of a field without what the frame draws; they go to the control. */
export function controlProps<P extends FieldProps>(
  props: P,
): Omit<P, "label" | "hint" | "error" | "required" | "className" | "hideLabel" | "id"> {
  const { label: _l, hint: _h, error: _e, required: _r, className: _c, hideLabel: _s, id: _i, ...rest } = props;
  return rest;
}
