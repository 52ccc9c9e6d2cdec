/**
 * Forms: react-hook-form's values and rules, our fields, and the server's answer at the field that it is about. A
 * failure never empties a field: what was typed stays until the server has taken it.
 */
import { useMemo, useRef, useState, type ComponentProps, type FormEvent, type ReactNode } from "react";
import { FormProvider, type FieldValues, type Path, type UseFormReturn } from "react-hook-form";
import { describe, ProblemError } from "@/lib/problems";
import { Button } from "./button";
import { cx } from "./cx";
import { FormState, useFormState } from "./form-context";
import { placeErrors } from "./form-errors";
import { ProblemAlert } from "./problem";

export { FormCheck, FormCheckGroup, FormCombo, FormRadio, FormSelect, FormSwitch } from "./form-choice";
export { FormCode, FormPassword, FormText } from "./form-text";

interface FormProps<V extends FieldValues> {
  form: UseFormReturn<V>;
  onSubmit: (values: V) => Promise<void>;
  className?: string | undefined;
  /** The form's name where no heading gives it one. */
  "aria-label"?: string | undefined;
  id?: string | undefined;
  children: ReactNode;
}

export function Form<V extends FieldValues>({ form, onSubmit, className, children, ...rest }: FormProps<V>) {
  const [failure, setFailure] = useState<unknown>();
  const [submitting, setSubmitting] = useState(false);
  const running = useRef(false);
  const [names] = useState(() => new Set<string>());
  const context = useMemo(() => ({ names, submitting }), [names, submitting]);

  const send = async (values: V) => {
    try {
      await onSubmit(values);
    } catch (error) {
      setFailure(complain(form, [...names], error));
    }
  };

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    // A dialog's form lies inside a page's form in React's tree, though not in the document.
    event.stopPropagation();
    if (running.current) return;
    running.current = true;
    setSubmitting(true);
    setFailure(undefined);
    try {
      await form.handleSubmit(send)();
    } finally {
      running.current = false;
      setSubmitting(false);
    }
  };

  return (
    <FormProvider {...form}>
      <FormState value={context}>
        <form
          {...rest}
          noValidate
          onSubmit={(event) => void submit(event)}
          className={cx("flex flex-col gap-4", className)}
        >
          {failure !== undefined && <ProblemAlert error={failure} />}
          {children}
        </form>
      </FormState>
    </FormProvider>
  );
}

/** Puts each complaint at its field; answers what is left for the alert. */
function complain<V extends FieldValues>(form: UseFormReturn<V>, names: string[], error: unknown): unknown {
  if (!(error instanceof ProblemError)) return error;
  const { fields, rest } = placeErrors(describe(error).fields, names);
  let first = true;
  for (const [name, message] of fields) {
    form.setError(name as Path<V>, { type: "server", message }, { shouldFocus: first });
    first = false;
  }
  if (fields.size === 0) return error;
  return rest.length > 0 ? new ProblemError({ ...error.problem, errors: rest }) : undefined;
}

/** The form's primary button. */
export function SubmitButton({ variant = "primary", children, ...rest }: ComponentProps<typeof Button>) {
  const { submitting } = useFormState();
  return (
    <Button {...rest} type="submit" variant={variant} loading={submitting}>
      {children}
    </Button>
  );
}
