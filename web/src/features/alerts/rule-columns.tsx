/** How one rule looks in the list. */
import { CircleCheck, Power, TriangleAlert } from "lucide-react";

import { formatNumber } from "@/lib/format";
import { Badge } from "@/ui/badge";
import { Bdi } from "@/ui/name";
import type { Column } from "@/ui/table";

import { Cut, TwoLines } from "./cells";
import { SeverityMark } from "./marks";
import type { Target } from "./queries";
import { conditionOf, defaultOf, figureOf, ruleOf, toldOf, type Rule } from "./words";

export const columnsFor = (targets: readonly Target[]): Column<Rule>[] => [
  { id: "rule", header: "Rule", cell: ({ name, summary }) => <TwoLines first={ruleOf(name)} second={summary} /> },
  { id: "condition", header: "Alerts at", width: 194, cell: (rule) => <Condition rule={rule} /> },
  { id: "severity", header: "Severity", width: 104, cell: ({ severity }) => <SeverityMark severity={severity} /> },
  {
    id: "told",
    header: "Told",
    width: 100,
    optional: true,
    cell: (rule) => <Cut text={toldOf(rule, targets)} />,
  },
  { id: "reading", header: "Now", width: 88, align: "end", cell: (rule) => <Reading rule={rule} /> },
  { id: "state", header: "State", width: 96, cell: (rule) => <RuleMark rule={rule} /> },
];

export const cardFor = (targets: readonly Target[]) => (rule: Rule) => <RuleCard rule={rule} targets={targets} />;

function RuleCard({ rule, targets }: { rule: Rule; targets: readonly Target[] }) {
  const usual = defaultOf(rule);
  return (
    <span className="flex min-w-0 flex-col gap-1">
      <span className="flex items-baseline justify-between gap-2">
        <span className="font-medium">{ruleOf(rule.name)}</span>
        <RuleMark rule={rule} />
      </span>
      <span className="text-dense text-muted">{rule.summary}</span>
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <SeverityMark severity={rule.severity} /> {capital(conditionOf(rule, rule.unit))}
      </span>
      {usual && <span className="text-dense text-muted">{`Default: ${usual}`}</span>}
      <span className="text-dense text-muted">
        <Bdi>{toldOf(rule, targets)}</Bdi> · now <Reading rule={rule} />
      </span>
    </span>
  );
}

function Condition({ rule }: { rule: Rule }) {
  const usual = defaultOf(rule);
  return <TwoLines first={capital(conditionOf(rule, rule.unit))} second={usual && `Default: ${usual}`} />;
}

function Reading({ rule: { reading, unit } }: { rule: Rule }) {
  if (reading === null || reading === undefined) return <span className="text-muted">–</span>;
  return <span className="tabular-nums">{figureOf(reading, unit)}</span>;
}

function RuleMark({ rule: { enabled, open_alerts: open } }: { rule: Rule }) {
  if (!enabled) return <Badge icon={Power}>Off</Badge>;
  if (open > 0) {
    return (
      <Badge tone="warn" icon={TriangleAlert}>
        {formatNumber(open)} open
      </Badge>
    );
  }
  return (
    <Badge tone="ok" icon={CircleCheck}>
      Calm
    </Badge>
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
