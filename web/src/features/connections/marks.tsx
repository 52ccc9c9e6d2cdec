/** How an account stands, in a word. */
import { CircleCheck, OctagonAlert, TriangleAlert, Unplug, type LucideIcon } from "lucide-react";

import { Badge, type Tone } from "@/ui/badge";

import type { AccountState } from "./queries";

const MARKS: Record<AccountState, { tone: Tone; icon: LucideIcon; label: string }> = {
  healthy: { tone: "ok", icon: CircleCheck, label: "Healthy" },
  degraded: { tone: "warn", icon: TriangleAlert, label: "Degraded" },
  needs_you: { tone: "danger", icon: OctagonAlert, label: "Needs you" },
  disconnected: { tone: "neutral", icon: Unplug, label: "Disconnected" },
};

export function StateMark({ state }: { state: AccountState }) {
  const { tone, icon, label } = MARKS[state];
  return (
    <Badge tone={tone} icon={icon}>
      {label}
    </Badge>
  );
}
