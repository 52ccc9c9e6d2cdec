/** What the dialog of a rule holds, and what the server is told of it. */
import type { Schemas } from "@/lib/api";

import { numberOf, type Rule, type Severity } from "./words";

/** Named as the server names them, so that what it complains about finds its field. */
export interface RuleValues {
  threshold: string;
  for_minutes: string;
  severity: Severity;
  to: "all" | "chosen";
  targets: string[];
  enabled: boolean;
}

export const HIGHEST = 1_000_000_000;
export const LONGEST_MINUTES = 1440;

export function valuesOf({ threshold, for_minutes: minutes, severity, targets, enabled }: Rule): RuleValues {
  return {
    threshold: String(threshold),
    for_minutes: String(minutes),
    severity,
    to: targets ? "chosen" : "all",
    targets: targets ?? [],
    enabled,
  };
}

/** Only what is different: what somebody else changes meanwhile stays. */
export function changeOf(rule: Rule, values: RuleValues): Schemas["AlertRuleChange"] {
  const [threshold, minutes] = [numberOf(values.threshold), Number(values.for_minutes)];
  const targets = values.to === "chosen" ? values.targets : null;
  return {
    ...(threshold !== rule.threshold && { threshold }),
    ...(minutes !== rule.for_minutes && { for_minutes: minutes }),
    ...(values.severity !== rule.severity && { severity: values.severity }),
    ...(JSON.stringify(targets) !== JSON.stringify(rule.targets ?? null) && { targets }),
    ...(values.enabled !== rule.enabled && { enabled: values.enabled }),
  };
}
