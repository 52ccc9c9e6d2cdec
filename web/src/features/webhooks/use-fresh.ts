/**
 * Live events tell of deliveries that have ended. Of those that begin, and of attempts that fail and are made again, they
 * do not, so while somebody looks at an endpoint its deliveries are read again: when an event happens that it chose, soon
 * as long as an attempt is due, and now and then.
 */
import { useEffect } from "react";

import { isLongList, tenantKey } from "@/lib/api";
import { onLiveEvent } from "@/lib/live";
import { queryClient } from "@/lib/query-client";

import { isChosen } from "./choices";
import { SOON_MS } from "./due";

const NOW_AND_THEN_MS = 20_000;
/** Until the event has become a delivery. */
const BECOMES_MS = 1000;

export function useFresh(choices: readonly string[], areDue: boolean): void {
  useEffect(() => {
    const timer = setInterval(
      () => document.visibilityState === "visible" && readAgain(),
      areDue ? SOON_MS : NOW_AND_THEN_MS,
    );
    return () => clearInterval(timer);
  }, [areDue]);
  const chosen = choices.join(" ");
  useEffect(() => {
    let due: ReturnType<typeof setTimeout> | undefined;
    const stop = onLiveEvent(({ action }) => {
      if (!isChosen(chosen.split(" "), action)) return;
      due ??= setTimeout(() => {
        due = undefined;
        readAgain();
      }, BECOMES_MS);
    });
    return () => {
      stop();
      clearTimeout(due);
    };
  }, [chosen]);
}

function readAgain(): void {
  void queryClient.invalidateQueries({
    queryKey: tenantKey("webhook-deliveries", "list"),
    predicate: (query) => !isLongList(query.state.data),
  });
  void queryClient.invalidateQueries({ queryKey: tenantKey("webhook-endpoints", "one") });
}
