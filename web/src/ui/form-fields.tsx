/** Our fields, bound to a form by their name. */
import type { ComponentProps } from "react";
import {
  useController,
  useFormContext,
  type FieldPath,
  type FieldValues,
  type UseControllerProps,
} from "react-hook-form";
import {
  CheckField,
  CheckGroup,
  CodeField,
  ComboField,
  PasswordField,
  RadioField,
  SelectField,
  SwitchField,
  TextField,
} from "./field";
import { useShownName } from "./form-context";

type Rules = NonNullable<UseControllerProps["rules"]>;

interface Bound {
  name: string;
  label: string;
  required?: boolean | undefined;
  rules?: Rules | undefined;
}

/** The props of a field without those that the form gives it. `FormText<Values>` has its name checked. */
type Props<P, V extends FieldValues> = Omit<
  P,
  "name" | "value" | "values" | "checked" | "onChange" | "onBlur" | "error" | "ref"
> & {
  name: FieldPath<V>;
  rules?: Rules | undefined;
};

function useField({ name, label, required, rules }: Bound, empty: string) {
  const { control } = useFormContext();
  useShownName(name);
  const filled = (value: unknown) => !isBlank(value) || empty.replace("<label>", label.replace(/[:?]$/, ""));
  const own = typeof rules?.validate === "function" ? { own: rules.validate } : rules?.validate;
  const { field, fieldState } = useController({
    name,
    control,
    rules: { ...rules, validate: { ...(required && { filled }), ...own } },
  });
  return { field, error: fieldState.error?.message };
}

/** Spaces alone fill nothing in, and neither does a list without entries. */
function isBlank(value: unknown): boolean {
  if (typeof value === "string") return value.trim() === "";
  return value === undefined || value === null || value === false || (Array.isArray(value) && value.length === 0);
}

const FILL = "Fill in <label>.";
const CHOOSE = "Choose <label>.";
const TICK = "Tick “<label>”.";

export function FormText<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: Props<ComponentProps<typeof TextField>, V>) {
  const { field, error } = useField({ ...props, rules }, FILL);
  return <TextField {...props} {...field} value={field.value ?? ""} error={error} />;
}

export function FormPassword<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: Props<ComponentProps<typeof PasswordField>, V>) {
  const { field, error } = useField({ ...props, rules }, FILL);
  return <PasswordField {...props} {...field} value={field.value ?? ""} error={error} />;
}

export function FormCode<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: Props<ComponentProps<typeof CodeField>, V>) {
  const { field, error } = useField({ ...props, rules }, FILL);
  return <CodeField {...props} {...field} value={field.value ?? ""} error={error} />;
}

export function FormSelect<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: Props<ComponentProps<typeof SelectField>, V>) {
  const { field, error } = useField({ ...props, rules }, CHOOSE);
  return <SelectField {...props} {...field} value={field.value ?? ""} error={error} />;
}

export function FormCombo<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: Props<ComponentProps<typeof ComboField>, V>) {
  const { field, error } = useField({ ...props, rules }, CHOOSE);
  return <ComboField {...props} {...field} value={field.value ?? ""} error={error} />;
}

export function FormRadio<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: Props<ComponentProps<typeof RadioField>, V>) {
  const { field, error } = useField({ ...props, rules }, CHOOSE);
  return <RadioField {...props} {...field} value={field.value ?? ""} error={error} />;
}

export function FormCheck<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: Props<ComponentProps<typeof CheckField>, V>) {
  const { field, error } = useField({ ...props, rules }, TICK);
  const { value, ...rest } = field;
  return <CheckField {...props} {...rest} checked={value === true} error={error} />;
}

export function FormSwitch<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: Props<ComponentProps<typeof SwitchField>, V>) {
  const { field, error } = useField({ ...props, rules }, TICK);
  const { value, ...rest } = field;
  return <SwitchField {...props} {...rest} checked={value === true} error={error} />;
}

export function FormCheckGroup<V extends FieldValues = FieldValues>({
  rules,
  ...props
}: Props<ComponentProps<typeof CheckGroup>, V>) {
  const { field, error } = useField({ ...props, rules }, CHOOSE);
  const { value, ...rest } = field;
  return <CheckGroup {...props} {...rest} values={Array.isArray(value) ? value : []} error={error} />;
}
