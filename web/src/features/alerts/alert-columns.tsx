/** How one alert looks in the list. */
import { formatNumber } from "@/lib/format";
import { Bdi } from "@/ui/name";
import type { Column } from "@/ui/table";
import { RelativeTime } from "@/ui/time";

import type { Alert } from "./filter";
import { AlertMark, SeverityMark } from "./marks";
import { Cut, TwoLines } from "./cells";
import { ruleOf } from "./words";

export const COLUMNS: Column<Alert>[] = [
  { id: "summary", header: "What", cell: (alert) => <TwoLines first={alert.summary} second={subjectOf(alert)} /> },
  { id: "severity", header: "Severity", width: 112, cell: ({ severity }) => <SeverityMark severity={severity} /> },
  {
    id: "since",
    header: "Since",
    width: 122,
    cell: ({ started_at: at }) => <RelativeTime at={at} className="text-muted" />,
  },
  { id: "state", header: "State", width: 168, cell: (alert) => <AlertMark alert={alert} /> },
  { id: "told", header: "Told", width: 128, optional: true, cell: (alert) => <Cut text={toldOf(alert)} /> },
  { id: "rule", header: "Rule", width: 180, hiddenByDefault: true, cell: ({ rule }) => <Cut text={ruleOf(rule)} /> },
];

const subjectOf = ({ label, subject }: Alert): string => label ?? subject ?? "";

function toldOf({ targets_told: told, targets_failed: failed }: Alert): string {
  if (told === 0 && failed === 0) return "Nobody";
  return failed > 0 ? `${formatNumber(told)}, ${formatNumber(failed)} failed` : formatNumber(told);
}

export const cardOf = (alert: Alert) => (
  <span className="flex min-w-0 flex-col gap-1.5">
    <span className="flex items-baseline justify-between gap-2">
      <SeverityMark severity={alert.severity} />
      <RelativeTime at={alert.started_at} className="text-dense text-muted" />
    </span>
    <span className="font-medium wrap-anywhere">
      <Bdi>{alert.summary}</Bdi>
    </span>
    {subjectOf(alert) && (
      <span className="text-dense wrap-anywhere text-muted">
        <Bdi>{subjectOf(alert)}</Bdi>
      </span>
    )}
    <span>
      <AlertMark alert={alert} />
    </span>
  </span>
);
