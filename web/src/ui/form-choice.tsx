/** Fields that are chosen from, bound to a form by their name. Apart from the typed ones, because the log-in has none. */
import type { ComponentProps } from "react";
import type { FieldValues } from "react-hook-form";
import { CheckField, CheckGroup, RadioField, SwitchField } from "./field-choice";
import { ComboField } from "./field-combo";
import { SelectField } from "./field-select";
import { useBoundField, type BoundProps } from "./form-bound";

const CHOOSE = "Choose <label>.";
const TICK = "Tick “<label>”.";

export function FormSelect<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: BoundProps<ComponentProps<typeof SelectField>, V>) {
  const { field, error } = useBoundField({ ...props, rules }, CHOOSE);
  return <SelectField {...props} {...field} value={field.value ?? ""} error={error} />;
}

export function FormCombo<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: BoundProps<ComponentProps<typeof ComboField>, V>) {
  const { field, error } = useBoundField({ ...props, rules }, CHOOSE);
  return <ComboField {...props} {...field} value={field.value ?? ""} error={error} />;
}

export function FormRadio<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: BoundProps<ComponentProps<typeof RadioField>, V>) {
  const { field, error } = useBoundField({ ...props, rules }, CHOOSE);
  return <RadioField {...props} {...field} value={field.value ?? ""} error={error} />;
}

export function FormCheck<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: BoundProps<ComponentProps<typeof CheckField>, V>) {
  const { field, error } = useBoundField({ ...props, rules }, TICK);
  const { value, ...rest } = field;
  return <CheckField {...props} {...rest} checked={value === true} error={error} />;
}

export function FormSwitch<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: BoundProps<ComponentProps<typeof SwitchField>, V>) {
  const { field, error } = useBoundField({ ...props, rules }, TICK);
  const { value, ...rest } = field;
  return <SwitchField {...props} {...rest} checked={value === true} error={error} />;
}

export function FormCheckGroup<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: BoundProps<ComponentProps<typeof CheckGroup>, V>) {
  const { field, error } = useBoundField({ ...props, rules }, CHOOSE);
  const { value, ...rest } = field;
  return <CheckGroup {...props} {...rest} values={Array.isArray(value) ? value : []} error={error} />;
}
