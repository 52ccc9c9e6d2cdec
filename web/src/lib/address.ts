/** What a page shows lives in its address: filters, and what is opened. */
import { useSearchParams } from "react-router";

/** Parts of the address; an empty one is dropped. */
export type Changes<Name extends string = string> = Partial<Record<Name, string | undefined>>;

export function withParams(search: URLSearchParams, changes: Changes): URLSearchParams {
  const next = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  return next;
}

/** Changes the address as `change` says. From the address itself: what a page was drawn with may be a step behind. */
export function useAddressChange<C>(
  change: (search: URLSearchParams, changes: C) => URLSearchParams,
  options?: { replace: boolean },
): (changes: C) => void {
  const [, setSearch] = useSearchParams();
  return (changes) => setSearch(change(new URLSearchParams(location.search), changes), options);
}
