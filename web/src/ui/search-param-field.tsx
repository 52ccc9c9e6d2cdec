/** A search field whose text lives in the URL, written there when the typing pauses. */
import { useEffect, useEffectEvent, useRef, useState, type Ref } from "react";
import { useSearchParams } from "react-router";
import { SearchField } from "./field-text";

interface SearchParamFieldProps {
  /** Name of the parameter. */
  param: string;
  label: string;
  placeholder?: string | undefined;
  /** What is written of the text, and left in the field; for what must not get into the URL. */
  clean?: ((text: string) => string) | undefined;
  className?: string | undefined;
  ref?: Ref<HTMLInputElement> | undefined;
}

const PAUSE_MS = 250;

export function SearchParamField({ param, clean, ...props }: SearchParamFieldProps) {
  const [params, setParams] = useSearchParams();
  const written = params.get(param) ?? "";
  const [text, setText] = useState(written);
  const last = useRef(written);
  const write = useEffectEvent((next: string) =>
    setParams(
      (before) => {
        const after = new URLSearchParams(before);
        if (next.trim()) after.set(param, next);
        else after.delete(param);
        return after;
      },
      { replace: true },
    ),
  );

  // The URL was changed elsewhere: by the back button, or by a link that drops the filters.
  useEffect(() => {
    if (written === last.current) return;
    last.current = written;
    setText(written);
  }, [written]);

  useEffect(() => {
    if (text === last.current) return undefined;
    const timer = setTimeout(() => {
      last.current = text;
      write(text);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);

  return <SearchField {...props} value={text} onChange={(next) => setText(clean?.(next) ?? next)} />;
}
