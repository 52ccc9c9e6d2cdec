/** Saying that one is answering, so that two people do not answer one turn; and hearing when somebody else is. */
import { useEffect, useEffectEvent, useRef, useState } from "react";

import { serverNow } from "@/lib/clock";
import { hasCode } from "@/lib/problems";
import { useUser } from "@/lib/session";
import { toastProblem } from "@/ui/toast";

import { claim, release } from "./actions";
import type { Conversation } from "./filter";

/** A claim lasts a minute; it is renewed as long as somebody types. */
const AGAIN_MS = 25_000;

interface Claim {
  /** The colleague who is answering. */
  by: string | undefined;
  /** One has said that one answers nevertheless. */
  hasTakenOver: boolean;
  takeOver: () => void;
}

export function useClaim(conversation: Conversation, isWriting: boolean): Claim {
  const me = useUser().id;
  const { id, claimed_by: holder, claimed_until: until } = conversation;
  const isHeld = useIsAhead(until);
  const by = isHeld && holder && holder !== me ? holder : undefined;
  const [hasTakenOver, setTakenOver] = useState(false);
  const holds = useRef(false);
  const say = useEffectEvent(async (takesOver: boolean) => {
    if (!navigator.onLine) return;
    try {
      await claim(id, takesOver, me);
      holds.current = true;
    } catch (error) {
      // The conversation says who it is as soon as it is read again.
      if (!hasCode(error, "conversation_claimed")) return;
      holds.current = false;
    }
  });
  const letGo = useEffectEvent(() => {
    if (!holds.current) return;
    holds.current = false;
    void release(id, me).catch(() => undefined);
  });
  const isKept = isWriting && by === undefined;
  useEffect(() => {
    if (!isKept) return undefined;
    void say(false);
    const again = setInterval(() => void say(false), AGAIN_MS);
    return () => clearInterval(again);
  }, [isKept]);
  useEffect(() => {
    if (!isWriting) letGo();
  }, [isWriting]);
  useEffect(() => () => letGo(), []);
  const takeOver = () => {
    setTakenOver(true);
    claim(id, true, me).then(
      () => (holds.current = true),
      (error: unknown) => {
        setTakenOver(false);
        toastProblem(error);
      },
    );
  };
  return { by, hasTakenOver, takeOver };
}

/** Whether a moment is still to come; said anew when it has come. */
function useIsAhead(moment: string | null | undefined): boolean {
  const [over, setOver] = useState<string>();
  useEffect(() => {
    const left = Date.parse(moment ?? "") - serverNow().getTime();
    if (!moment || !(left > 0)) return undefined;
    const timer = setTimeout(() => setOver(moment), left + 100);
    return () => clearTimeout(timer);
  }, [moment]);
  return moment !== over && Date.parse(moment ?? "") > serverNow().getTime();
}
