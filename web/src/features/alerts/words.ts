/** Rules, figures and severities in words; what a newer server knows is called by its own word. */
import type { Schemas } from "@/lib/api";
import { formatNumber } from "@/lib/format";

export type Severity = Schemas["AlertSeverity"];
export type Rule = Schemas["AlertRule"];
type Unit = Rule["unit"];

const RULES: Record<string, string> = {
  "dead_letters.urgent": "Urgent dead letters",
  "dead_letters.waiting": "Dead letters",
  "jobs.backlog_age": "Oldest waiting job",
  "circuits.open": "Remote systems that fail",
  "effects.unknown": "Outside actions not known",
  "webhook_endpoints.disabled": "Webhook endpoints off",
  "alert_targets.broken": "Broken alert targets",
  "channel_accounts.broken": "Channel accounts that do not work",
  "channel_accounts.silent": "Channel accounts not heard",
  "requests.error_rate": "Failing requests",
  "requests.latency_p95": "Slow requests",
};

/** What a rule watches. */
export function ruleOf(name: string): string {
  if (Object.hasOwn(RULES, name)) return RULES[name] ?? name;
  const words = name.replaceAll("_", " ").split(".").join(": ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The worst first. */
export const SEVERITIES: readonly { value: Severity; label: string; andWorse: string }[] = [
  { value: "critical", label: "Critical", andWorse: "Critical alerts only" },
  { value: "error", label: "Error", andWorse: "Errors and worse" },
  { value: "warning", label: "Warning", andWorse: "Warnings and worse" },
  { value: "info", label: "Info", andWorse: "Every alert" },
];

export const severityOf = (severity: Severity): string =>
  SEVERITIES.find(({ value }) => value === severity)?.label ?? severity;

/** A reading or a threshold with its unit: "5 min", "1 %", "250 ms". */
export function figureOf(value: number, unit: Unit): string {
  switch (unit) {
    case "seconds":
      return spanOf(value);
    case "milliseconds":
      return value >= 1000 ? `${formatNumber(hundredths(value / 1000))} s` : `${formatNumber(hundredths(value))} ms`;
    case "percent":
      return `${formatNumber(hundredths(value))} %`;
    default:
      return formatNumber(hundredths(value));
  }
}

/** How long something lasts, in its two largest units: "2 h 5 min". */
export function spanOf(seconds: number): string {
  if (seconds < 60) return `${formatNumber(seconds < 10 ? Math.round(seconds * 10) / 10 : Math.floor(seconds))} s`;
  const at = SPANS.findIndex(([, size]) => seconds >= size);
  const parts: string[] = [];
  let left = Math.floor(seconds);
  for (const [unit, size] of SPANS.slice(at, at + 2)) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${formatNumber(count)} ${unit}`);
  }
  return parts.join(" ");
}

const SPANS: readonly [string, number][] = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
];

const hundredths = (value: number): number => Math.round(value * 100) / 100;

type Condition = Pick<Rule, "threshold" | "for_minutes">;

/** When a rule is broken: "over 5 min for 2 min". */
export function conditionOf({ threshold, for_minutes: minutes }: Condition, unit: Unit): string {
  const above = unit === "count" && threshold === 0 ? "any" : `over ${figureOf(threshold, unit)}`;
  return minutes === 0 ? above : `${above} for ${spanOf(minutes * 60)}`;
}

/** What the program would do, where a workspace has decided otherwise; nothing where it has not. */
export function defaultOf({ unit, defaults, ...rule }: Rule): string | undefined {
  const isOther = defaults.threshold !== rule.threshold || defaults.for_minutes !== rule.for_minutes;
  const words = [
    ...(isOther ? [conditionOf(defaults, unit)] : []),
    ...(defaults.severity === rule.severity ? [] : [severityOf(defaults.severity)]),
  ];
  return words.length > 0 ? words.join("; ") : undefined;
}

/** Whom a rule's alerts go to, as far as the targets' names are known. */
export function toldOf({ targets }: Rule, known: readonly { id: string; name: string }[]): string {
  if (!targets) return "All targets";
  const names = targets.map((id) => known.find((target) => target.id === id)?.name ?? id);
  return names.length > 0 ? names.join(", ") : "Nobody";
}

/** What was typed as a number; NaN for what is none. */
export function numberOf(text: string): number {
  const typed = text.trim().replace(",", ".");
  return /^\d+(\.\d+)?$/.test(typed) ? Number(typed) : Number.NaN;
}

/** How figures of a unit are typed. */
export const TYPED: Record<Unit, { suffix?: string; hint?: string }> = {
  count: {},
  seconds: { suffix: "s", hint: "In seconds." },
  percent: { suffix: "%", hint: "In percent." },
  milliseconds: { suffix: "ms", hint: "In milliseconds." },
};
