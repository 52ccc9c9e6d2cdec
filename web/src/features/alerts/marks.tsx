/** How an alert, a target and a message stand: in a word and an icon. */
import {
  Ban,
  CircleAlert,
  CircleCheck,
  CircleHelp,
  Clock,
  Info,
  OctagonAlert,
  Power,
  TriangleAlert,
  type LucideIcon,
} from "lucide-react";

import { serverNow } from "@/lib/clock";
import { formatRelative } from "@/lib/format";
import { Badge, type Tone } from "@/ui/badge";

import type { Alert } from "./filter";
import { isDue, type Notice } from "./notices";
import type { Target } from "./queries";
import { severityOf, spanOf, type Severity } from "./words";

const SEVERITIES: Record<Severity, { tone: Tone; icon: LucideIcon }> = {
  critical: { tone: "danger", icon: OctagonAlert },
  error: { tone: "danger", icon: CircleAlert },
  warning: { tone: "warn", icon: TriangleAlert },
  info: { tone: "info", icon: Info },
};

export function SeverityMark({ severity }: { severity: Severity }) {
  return <Badge {...SEVERITIES[severity]}>{severityOf(severity)}</Badge>;
}

export function AlertMark({ alert }: { alert: Alert }) {
  const { started_at: began, resolved_at: ended } = alert;
  if (!ended) {
    return (
      <Badge tone="warn" icon={Clock}>
        Open
      </Badge>
    );
  }
  return (
    <Badge tone="ok" icon={CircleCheck}>
      Over after {spanOf((Date.parse(ended) - Date.parse(began)) / 1000)}
    </Badge>
  );
}

export function TargetMark({ target }: { target: Target }) {
  const { enabled, broken_since: broken, last_sent_at: sent } = target;
  if (!enabled) return <Badge icon={Power}>Switched off</Badge>;
  if (broken) {
    return (
      <Badge tone="danger" icon={OctagonAlert}>
        Broken, began {formatRelative(broken, serverNow())}
      </Badge>
    );
  }
  if (!sent) return <Badge icon={Clock}>Never used</Badge>;
  return (
    <Badge tone="ok" icon={CircleCheck}>
      Works
    </Badge>
  );
}

export function NoticeMark({ notice }: { notice: Notice }) {
  if (isDue(notice)) {
    return (
      <Badge tone="info" icon={Clock}>
        {notice.attempts > 1 ? "Trying again" : "On its way"}
      </Badge>
    );
  }
  const { tone, icon, word } = ENDED[notice.state] ?? UNKNOWN;
  return (
    <Badge tone={tone} icon={icon}>
      {word}
    </Badge>
  );
}

interface Look {
  tone: Tone;
  icon: LucideIcon;
  word: string;
}

const UNKNOWN: Look = { tone: "warn", icon: CircleHelp, word: "Not known" };

const ENDED: Partial<Record<Notice["state"], Look>> = {
  confirmed: { tone: "ok", icon: CircleCheck, word: "Told" },
  failed: { tone: "danger", icon: Ban, word: "Not told" },
  cancelled: { tone: "neutral", icon: Ban, word: "Called off" },
};
