/**
 * A day or a moment in a filter. Whoever types 2026 has typed the year 2 first: what does not count yet stays in the
 * field only.
 */
import { useState } from "react";
import { TextField } from "./field-text";

interface DateFieldProps {
  label: string;
  type: "date" | "datetime-local";
  value: string;
  onChange: (text: string) => void;
  /** Whether what was typed so far is meant. */
  counts: (text: string) => boolean;
  error?: string | undefined;
}

export function DateField({ value, onChange, counts, ...props }: DateFieldProps) {
  const [typed, setTyped] = useState(value);
  const [applied, setApplied] = useState(value);
  if (applied !== value) {
    setApplied(value);
    setTyped(value);
  }
  const type = (text: string) => {
    setTyped(text);
    if (text === "" || counts(text)) onChange(text);
  };
  return <TextField {...props} value={typed} onChange={type} />;
}
