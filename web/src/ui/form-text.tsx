/** Fields that are typed in, bound to a form by their name. */
import type { ComponentProps } from "react";
import type { FieldValues } from "react-hook-form";
import { CodeField, PasswordField, TextField } from "./field-text";
import { useBoundField, type BoundProps } from "./form-bound";

const FILL = "Fill in <label>.";

export function FormText<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: BoundProps<ComponentProps<typeof TextField>, V>) {
  const { field, error } = useBoundField({ ...props, rules }, FILL);
  return <TextField {...props} {...field} value={field.value ?? ""} error={error} />;
}

export function FormPassword<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: BoundProps<ComponentProps<typeof PasswordField>, V>) {
  const { field, error } = useBoundField({ ...props, rules }, FILL);
  return <PasswordField {...props} {...field} value={field.value ?? ""} error={error} />;
}

export function FormCode<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: BoundProps<ComponentProps<typeof CodeField>, V>) {
  const { field, error } = useBoundField({ ...props, rules }, FILL);
  return <CodeField {...props} {...field} value={field.value ?? ""} error={error} />;
}
