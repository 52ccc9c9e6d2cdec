/** Asks before what was typed is thrown away by going to another page. */
import { useEffect, useRef } from "react";
import { useBlocker } from "react-router";

import { ConfirmDialog } from "./dialog";

interface UnsavedGuardProps {
  dirty: boolean;
  /** What was changed: "your profile". */
  what: string;
}

export function UnsavedGuard({ dirty, what }: UnsavedGuardProps) {
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) => dirty && currentLocation.pathname !== nextLocation.pathname,
  );
  // The dialog closes after either answer; only one of them stays.
  const leaving = useRef(false);
  useEffect(() => {
    if (!dirty) return undefined;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [dirty]);
  return (
    <ConfirmDialog
      open={blocker.state === "blocked"}
      onOpenChange={() => blocker.state === "blocked" && !leaving.current && blocker.reset()}
      title="Leave without saving?"
      description={`What you changed in ${what} is not saved yet. It is lost when you leave this page.`}
      confirm="Leave without saving"
      danger
      onConfirm={async () => {
        leaving.current = true;
        if (blocker.state === "blocked") blocker.proceed();
      }}
    />
  );
}
