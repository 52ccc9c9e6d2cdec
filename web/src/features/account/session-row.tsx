/** One place where one is logged in. */
import { Monitor, Smartphone } from "lucide-react";

import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { RelativeTime } from "@/ui/time";

import { deviceOf, howOf, isPhone } from "./devices";
import type { Session } from "./queries";

interface SessionRowProps {
  session: Session;
  /** The one that this page lives in. */
  isThis: boolean;
  onEnd: () => void;
}

export function SessionRow({ session, isThis, onEnd }: SessionRowProps) {
  const Icon = isPhone(session) ? Smartphone : Monitor;
  const device = deviceOf(session);
  return (
    <li className="flex items-start gap-3 p-4">
      <Icon size={20} strokeWidth={1.5} aria-hidden className="mt-0.5 shrink-0 text-muted" />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <bdi className="min-w-0 font-medium" title={session.user_agent}>
            {device}
          </bdi>
          {isThis && <Badge tone="accent">This session</Badge>}
        </p>
        <p className="text-dense text-muted">
          {howOf(session)} · <bdi className="tabular-nums">{session.ip || "unknown address"}</bdi>
        </p>
        <p className="text-dense text-muted">
          Active <RelativeTime at={session.last_used_at} /> · opened <RelativeTime at={session.created_at} /> · ends{" "}
          <RelativeTime at={session.expires_at} />
        </p>
      </div>
      {!isThis && (
        <Button size="sm" aria-label={`End the session of ${device}`} onClick={onEnd}>
          End
        </Button>
      )}
    </li>
  );
}
