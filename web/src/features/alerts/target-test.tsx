/** A test of a target: sent by a button, and watched until it is known what became of it. */
import { CircleAlert, CircleCheck, CircleHelp, Clock, type LucideIcon } from "lucide-react";
import { useEffect, useState } from "react";

import type { Schemas } from "@/lib/api";
import { useAction } from "@/lib/use-action";
import { cx } from "@/ui/cx";
import { Bdi } from "@/ui/name";
import { ProblemAlert } from "@/ui/problem";

import { isDue } from "./notices";
import { readTargetsAgain, sendTest, useTest } from "./queries";

type Act = Schemas["Act"];

interface TargetTest {
  run: () => void;
  /** Until it has ended. */
  isRunning: boolean;
  act: Act | undefined;
  error: unknown;
}

export function useTargetTest(id: string): TargetTest {
  const [effect, setEffect] = useState<string>();
  const start = useAction((header) => sendTest(id, header), setEffect);
  const { data: act, error } = useTest(effect);
  const isRunning = start.isRunning || (effect !== undefined && !error && (!act || isDue(act)));
  const ended = act && !isDue(act) ? act.id : undefined;
  useEffect(() => {
    if (ended !== undefined) void readTargetsAgain();
  }, [ended]);
  const run = () => {
    setEffect(undefined);
    start.run();
  };
  return { run, isRunning, act, error: start.error ?? error ?? undefined };
}

export function TestOutcome({ test: { isRunning, act, error } }: { test: TargetTest }) {
  const outcome = isRunning ? { ...ON_ITS_WAY, why: act?.failure } : act && { ...wordsFor(act), why: act.failure };
  return (
    <>
      {/* Always there, or what comes into it is not announced. */}
      <div role="status" className="basis-full empty:hidden">
        {outcome && error === undefined && <Outcome {...outcome} />}
      </div>
      {error !== undefined && <ProblemAlert error={error} className="basis-full" />}
    </>
  );
}

interface Words {
  icon: LucideIcon;
  look: string;
  text: string;
}

const ON_ITS_WAY: Words = { icon: Clock, look: "text-muted", text: "The test is on its way…" };

function wordsFor({ state }: Act): Words {
  switch (state) {
    case "confirmed":
      return { icon: CircleCheck, look: "text-ok-text", text: "The test was taken." };
    case "failed":
      return { icon: CircleAlert, look: "text-danger-text", text: "The test was refused." };
    case "cancelled":
      return { icon: CircleAlert, look: "text-danger-text", text: "The test was called off." };
    default:
      return {
        icon: CircleHelp,
        look: "text-warn-text",
        text: "Nobody knows whether the test arrived; look there.",
      };
  }
}

function Outcome({ icon: Icon, look, text, why }: Words & { why?: string | null | undefined }) {
  return (
    <p className={cx("flex items-start gap-1.5 text-dense", look)}>
      <Icon size={14} aria-hidden className="mt-0.5 shrink-0" />
      <span className="min-w-0 wrap-anywhere">
        {text} {why && <Bdi>{why}</Bdi>}
      </span>
    </p>
  );
}
