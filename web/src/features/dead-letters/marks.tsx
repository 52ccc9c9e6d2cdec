/** How a dead letter ended: in a word and an icon. */
import { MailWarning, RotateCcw, Trash2, type LucideIcon } from "lucide-react";

import { Badge, type Tone } from "@/ui/badge";

const LOOKS: Record<string, { tone: Tone; icon: LucideIcon; word: string }> = {
  open: { tone: "warn", icon: MailWarning, word: "Open" },
  replayed: { tone: "ok", icon: RotateCcw, word: "Replayed" },
  discarded: { tone: "neutral", icon: Trash2, word: "Discarded" },
};

export function StateMark({ state }: { state: string }) {
  const look = Object.hasOwn(LOOKS, state) ? LOOKS[state] : undefined;
  return (
    <Badge tone={look?.tone} icon={look?.icon}>
      {look?.word ?? state}
    </Badge>
  );
}
