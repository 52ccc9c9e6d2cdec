/** Something that a button does on the server: at most once for each press, also when an answer is lost on the way. */
import { useRef, useState } from "react";

import { idempotencyKeys, type IdempotencyHeader } from "./idempotency";

interface Action {
  run: () => void;
  isRunning: boolean;
  /** Why the last press came to nothing. */
  error: unknown;
}

export function useAction<T>(act: (header: IdempotencyHeader) => Promise<T>, onDone: (result: T) => void): Action {
  const [state, setState] = useState<{ isRunning: boolean; error: unknown }>({ isRunning: false, error: undefined });
  const keyOf = useRef(idempotencyKeys());
  const run = async () => {
    setState({ isRunning: true, error: undefined });
    try {
      const result = await act(keyOf.current("action"));
      // The next press is another one; after a failure it is the same one once more.
      keyOf.current = idempotencyKeys();
      setState({ isRunning: false, error: undefined });
      onDone(result);
    } catch (error) {
      setState({ isRunning: false, error });
    }
  };
  return { ...state, run: () => void run() };
}
