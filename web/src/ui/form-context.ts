/** What a form tells the fields inside it. */
import { createContext, useContext, useEffect } from "react";

export interface FormContext {
  /** The names of the fields that are shown; a set keeps the order in which they came. */
  names: Set<string>;
  submitting: boolean;
}

export const FormState = createContext<FormContext | null>(null);

export function useFormState(): FormContext {
  const state = useContext(FormState);
  if (!state) throw new Error("A form's field or button stands outside of a Form");
  return state;
}

/** The server's complaints about this name have a place to be shown. */
export function useShownName(name: string): void {
  const { names } = useFormState();
  useEffect(() => {
    names.add(name);
    return () => void names.delete(name);
  }, [names, name]);
}
