/** How a field finds its value, its rules and its error in the form around it. */
import {
  useController,
  useFormContext,
  type FieldPath,
  type FieldValues,
  type UseControllerProps,
} from "react-hook-form";
import { useShownName } from "./form-context";

type Rules = NonNullable<UseControllerProps["rules"]>;

interface Bound {
  name: string;
  label: string;
  required?: boolean | undefined;
  rules?: Rules | undefined;
}

/** The props of a field without those that the form gives it. `FormText<Values>` has its name checked. */
export type BoundProps<P, V extends FieldValues> = Omit<
  P,
  "name" | "value" | "values" | "checked" | "onChange" | "onBlur" | "error" | "ref"
> & {
  name: FieldPath<V>;
  rules?: Rules | undefined;
};

export function useBoundField({ name, label, required, rules }: Bound, empty: string) {
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
