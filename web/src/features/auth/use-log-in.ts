/** One log-in under way: its step, and how a request moves it on. */
import { useCallback, useEffect, useReducer } from "react";

import { ProblemError } from "@/lib/problems";
import { adopt, leaveExpired, useSession } from "@/lib/session";

import { endsSteps, type LogIn, type Move, next, type SignedIn, START, type Step } from "./steps";
import { useWaiting, type Waiting } from "./waiting";

export interface LogInUnderWay {
  step: Step;
  move: (move: Move) => void;
  waiting: Waiting;
  /** Sends a request and takes its outcome; what the form at hand has to show is thrown. */
  attempt: (request: () => Promise<LogIn>) => Promise<void>;
}

export function useLogIn(onIn: (signedIn: SignedIn) => void): LogInUnderWay {
  const [step, move] = useReducer(next, START);
  const waiting = useWaiting();
  const { hear, forget } = waiting;
  const isStart = step.at === "start";

  const attempt = useCallback(
    async (request: () => Promise<LogIn>) => {
      try {
        const answer = await request();
        forget();
        move({ type: "answered", answer });
      } catch (error) {
        if (hear(error)) return;
        if (isStart || !(error instanceof ProblemError) || !endsSteps(error.code)) throw error;
        move({ type: "refused", code: error.code });
      }
    },
    [hear, forget, isStart],
  );

  useEffect(() => {
    if (step.at === "in") onIn(step.signedIn);
  }, [step, onIn]);

  return { step, move, waiting, attempt };
}

/** Whether this is another person, or another workspace, than the page belongs to. */
export function isSomebodyElse({ user, tenant }: SignedIn): boolean {
  const { facts } = useSession.getState();
  return facts !== undefined && (facts.user.id !== user.id || facts.tenant.id !== tenant.id);
}

/** Into the app. What waited for somebody else's log-in must not go out in this person's name. */
export function enter(signedIn: SignedIn): void {
  if (useSession.getState().status === "expired" && isSomebodyElse(signedIn)) leaveExpired();
  adopt(signedIn);
}
