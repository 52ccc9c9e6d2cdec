/** Waiting that nobody cuts short: the hub has asked for it. */
export const hold = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waiting that can be cut short. */
export interface Pause {
  /** Resolves after the time, or when `wake` is called. */
  wait(ms: number): Promise<void>;
  wake(): void;
}

export function pause(): Pause {
  let end: (() => void) | null = null;
  return {
    wait: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => end?.(), ms);
        end = () => {
          clearTimeout(timer);
          end = null;
          resolve();
        };
      }),
    wake: () => end?.(),
  };
}

/** 1, 2, 4 … times `first`, at most `longest`, spread by a fifth so that visitors do not come back all at once. */
export function backOff(attempt: number, first: number, longest: number): number {
  const ms = Math.min(longest, first * 2 ** Math.min(attempt, 20));
  return ms * (0.9 + Math.random() * 0.2);
}
