/** How far an act is: in a word and an icon. */
import { Ban, CalendarClock, CircleCheck, CircleHelp, CircleX, Hourglass, Send, type LucideIcon } from "lucide-react";

import { Badge, type Tone } from "@/ui/badge";

import { STATES, type ActState } from "./filter";

const LOOKS: Record<ActState, { tone: Tone; icon: LucideIcon }> = {
  planned: { tone: "neutral", icon: CalendarClock },
  claimed: { tone: "info", icon: Hourglass },
  dispatched: { tone: "info", icon: Send },
  confirmed: { tone: "ok", icon: CircleCheck },
  failed: { tone: "danger", icon: CircleX },
  unknown: { tone: "warn", icon: CircleHelp },
  cancelled: { tone: "neutral", icon: Ban },
};

export function StateMark({ state }: { state: ActState }) {
  const { tone, icon } = LOOKS[state];
  return (
    <Badge tone={tone} icon={icon}>
      {STATES[state].label}
    </Badge>
  );
}
