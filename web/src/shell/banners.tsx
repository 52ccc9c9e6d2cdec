/** What is said above every page while it is true: no network, no live updates, a new version. */
import { CloudOff, RefreshCw, Sparkles, X } from "lucide-react";
import { type ReactNode, useState } from "react";

import { useOnline, useWaitingChanges } from "@/lib/connection";
import { useLiveState } from "@/lib/live";
import { startSession, useSession } from "@/lib/session";
import { takeUpdate, useUpdate } from "@/lib/updates";
import { Button, IconButton } from "@/ui/button";

/** Reading works, writing waits, or what is shown may be old. */
export function ConnectionBanner() {
  const online = useOnline();
  const waiting = useWaitingChanges(({ count }) => count);
  const live = useLiveState(({ state }) => state);
  const fromDevice = useSession((session) => session.fromDevice);
  if (!online) {
    return (
      <Banner icon={<CloudOff aria-hidden className="size-4 shrink-0" />}>
        You are offline. You can read what was loaded before.{" "}
        {waiting === 0
          ? "What you save waits until you are back."
          : waiting === 1
            ? "1 change waits until you are back."
            : `${waiting} changes wait until you are back.`}
      </Banner>
    );
  }
  if (fromDevice) {
    return (
      <Banner
        icon={<CloudOff aria-hidden className="size-4 shrink-0" />}
        action={
          <Button size="sm" onClick={() => void startSession()}>
            Try again
          </Button>
        }
      >
        The server cannot be reached. This is what was loaded before.
      </Banner>
    );
  }
  if (live === "stale") {
    return (
      <Banner icon={<RefreshCw aria-hidden className="size-4 shrink-0" />}>
        The live connection was lost and is being made again. What you see may be a little old.
      </Banner>
    );
  }
  return null;
}

/** Offered, never forced: a reload would lose what is being typed. */
export function UpdateBanner() {
  const isOffered = useUpdate(({ isOffered }) => isOffered);
  const [isPutOff, putOff] = useState(false);
  if (!isOffered || isPutOff) return null;
  return (
    <Banner
      icon={<Sparkles aria-hidden className="size-4 shrink-0" />}
      action={
        <>
          <Button size="sm" onClick={takeUpdate}>
            Load it now
          </Button>
          <IconButton size="sm" variant="ghost" icon={X} label="Later" onClick={() => putOff(true)} />
        </>
      }
    >
      A new version is ready.
    </Banner>
  );
}

function Banner({ icon, action, children }: { icon: ReactNode; action?: ReactNode; children: ReactNode }) {
  return (
    <div
      role="status"
      className="flex min-h-10 items-center gap-2 border-b border-border bg-warn-soft px-4 py-1 text-warn-text"
    >
      {icon}
      <p className="flex-1">{children}</p>
      {action}
    </div>
  );
}
