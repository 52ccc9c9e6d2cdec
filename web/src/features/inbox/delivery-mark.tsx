/** How far an answer came, in a word and a sign; where it did not arrive also why, and what can be done. */
import { Check, CheckCheck, CircleHelp, Clock, OctagonX, type LucideIcon } from "lucide-react";
import { useState } from "react";

import { idempotencyKeys } from "@/lib/idempotency";
import { useCan } from "@/lib/session";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Bdi } from "@/ui/name";
import { toastProblem } from "@/ui/toast";

import { retry } from "./outbox";
import { stateName, type Message } from "./words";

type State = NonNullable<Message["state"]>;

const LOOKS: Record<State, { icon: LucideIcon; look?: string }> = {
  queued: { icon: Clock },
  sent: { icon: Check },
  delivered: { icon: CheckCheck },
  read: { icon: CheckCheck, look: "text-accent-text" },
  refused: { icon: OctagonX, look: "text-danger-text" },
  unknown: { icon: CircleHelp, look: "text-warn-text" },
  failed: { icon: OctagonX, look: "text-danger-text" },
};

export function DeliveryMark({ message }: { message: Message }) {
  const { state, state_reason: reason } = message;
  if (!state) return null;
  const { icon: Icon, look } = LOOKS[state] ?? LOOKS.unknown;
  return (
    <>
      <span className={cx("inline-flex min-w-0 items-center gap-1", look)}>
        <Icon size={14} aria-hidden className="shrink-0" />
        {stateName(state)}
        {reason && state !== "sent" && (
          <Bdi>
            {": "}
            {reason}
          </Bdi>
        )}
      </span>
      {(state === "refused" || state === "failed") && <Retry message={message} />}
    </>
  );
}

/** Nothing of it has arrived; whether it may be sent is asked again. */
function Retry({ message }: { message: Message }) {
  const mayWrite = useCan("conversations:write");
  const [isRunning, setRunning] = useState(false);
  const [keyOf] = useState(idempotencyKeys);
  if (!mayWrite) return null;
  const run = async () => {
    setRunning(true);
    try {
      await retry(message, keyOf);
    } catch (error) {
      toastProblem(error);
    } finally {
      setRunning(false);
    }
  };
  return (
    <Button size="sm" loading={isRunning} onClick={() => void run()}>
      Send it again
    </Button>
  );
}
