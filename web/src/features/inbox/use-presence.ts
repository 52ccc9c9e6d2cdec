/** Telling colleagues that one looks at a conversation or types in it, and hearing who else does. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent } from "react";

import { serverNow } from "@/lib/clock";
import { useUser } from "@/lib/session";

import { tellPresence } from "./actions";
import { presenceKey, usePresence, type Presence } from "./queries";

/** The server believes it for twenty seconds. */
const AGAIN_MS = 12_000;

/** The others who are there now. */
export function usePresenceSigns(id: string, isTyping: boolean): Presence[] {
  const me = useUser().id;
  const queries = useQueryClient();
  const { data } = usePresence(id);
  const tell = useEffectEvent(async (id: string, isTyping: boolean) => {
    if (document.visibilityState !== "visible" || !navigator.onLine) return;
    try {
      queries.setQueryData(presenceKey(id), await tellPresence(id, isTyping ? "typing" : "looking"));
    } catch {
      // Nobody misses it: it is said again soon.
    }
  });
  useEffect(() => {
    void tell(id, isTyping);
    const again = setInterval(() => void tell(id, isTyping), AGAIN_MS);
    return () => clearInterval(again);
  }, [id, isTyping]);
  useEffect(
    () => () => {
      if (navigator.onLine) void tellPresence(id, "gone").catch(() => undefined);
    },
    [id],
  );
  const now = serverNow().getTime();
  return (data ?? []).filter(
    ({ user_id: user, doing, until }) => user !== me && doing !== "gone" && Date.parse(until) > now,
  );
}
