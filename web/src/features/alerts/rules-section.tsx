/** What counts as wrong: the rules, as the workspace has them. */
import { BellRing, Pencil, Power, RotateCcw } from "lucide-react";
import { useState } from "react";

import { formatDateTime } from "@/lib/format";
import { useCan } from "@/lib/session";
import type { MenuItem } from "@/ui/menu";
import { Section } from "@/ui/page";
import { ErrorState, ProblemAlert } from "@/ui/problem";
import { DataTable } from "@/ui/table";
import { toast, toastProblem } from "@/ui/toast";

import { changeRule, useRules, useTargets } from "./queries";
import { cardFor, columnsFor } from "./rule-columns";
import { RuleDialog } from "./rule-dialog";
import { defaultOf, ruleOf, type Rule } from "./words";

export function RulesSection() {
  const { data: rules } = useRules();
  const looked = rules?.looked_at ? `Last looked at ${formatDateTime(rules.looked_at)}.` : "";
  return (
    <Section title="What counts as wrong" description={`Looked at every half minute. ${looked}`}>
      <Rules />
    </Section>
  );
}

function Rules() {
  const mayManage = useCan("alerts:manage");
  const { data: rules, error, isPending, refetch } = useRules();
  const { data: targets = [] } = useTargets();
  const [opened, setOpened] = useState<string>();
  if (error && !rules) return <ErrorState error={error} onRetry={() => void refetch()} />;
  const rule = rules?.items.find(({ name }) => name === opened);
  const open = ({ name }: Rule) => setOpened(name);
  return (
    <>
      {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      <DataTable
        label="Rules"
        storageKey="alert-rules"
        rows={rules?.items ?? []}
        columns={columnsFor(targets)}
        rowKey={({ name }) => name}
        onRowOpen={mayManage ? open : undefined}
        rowMenu={(row) => [alertsOf(row), ...(mayManage ? changesOf(row, () => open(row)) : [])]}
        loading={isPending}
        cards={cardFor(targets)}
      />
      {mayManage && rule && (
        <RuleDialog key={rule.name} rule={rule} targets={targets} onClose={() => setOpened(undefined)} />
      )}
    </>
  );
}

const alertsOf = ({ name }: Rule): MenuItem => ({
  label: "Show its alerts",
  icon: BellRing,
  to: `/alerts?state=any&rule=${encodeURIComponent(name)}`,
});

function changesOf(rule: Rule, open: () => void): MenuItem[] {
  const { enabled, threshold, for_minutes, severity, defaults } = rule;
  const before = { threshold, for_minutes, severity };
  return [
    { label: "Change…", icon: Pencil, onSelect: open },
    {
      label: enabled ? "Switch off" : "Switch on",
      icon: Power,
      onSelect: () =>
        void change(rule, { enabled: !enabled }, { enabled }, enabled ? "is switched off" : "is switched on"),
    },
    ...(defaultOf(rule) === undefined
      ? []
      : [
          {
            label: "Back to the default",
            icon: RotateCcw,
            onSelect: () => void change(rule, defaults, before, "is back to its default"),
          },
        ]),
  ];
}

type Change = Parameters<typeof changeRule>[1];

async function change({ name }: Rule, wanted: Change, before: Change, done: string): Promise<void> {
  try {
    await changeRule(name, wanted);
    toast({ title: `“${ruleOf(name)}” ${done}`, tone: "ok", undo: () => changeRule(name, before) });
  } catch (error) {
    toastProblem(error);
  }
}
