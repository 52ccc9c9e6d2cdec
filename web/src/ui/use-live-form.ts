/**
 * A form over something that others may change meanwhile: their change is taken over, but not into a field in which
 * something was typed.
 */
import { useEffect, useRef } from "react";
import { useForm, type DefaultValues, type FieldValues, type UseFormProps, type UseFormReturn } from "react-hook-form";

export function useLiveForm<V extends FieldValues>(values: V, options: UseFormProps<V> = {}): UseFormReturn<V> {
  const form = useForm<V>({ ...options, defaultValues: values as DefaultValues<V> });
  // The library counts which fields are dirty only for those who look.
  void form.formState.dirtyFields;
  const { reset } = form;
  const now = JSON.stringify(values);
  const taken = useRef(now);
  // Not by the library's own `values`: its options would hold for every other reset, too, and those are meant to be whole.
  useEffect(() => {
    if (taken.current === now) return;
    taken.current = now;
    reset(JSON.parse(now) as V, { keepDirtyValues: true });
  }, [now, reset]);
  return form;
}
