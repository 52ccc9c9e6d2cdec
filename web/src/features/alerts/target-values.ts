/** What the dialog of a target holds, and what the server is told of it. */
import type { Schemas } from "@/lib/api";

import type { Severity } from "./words";

type Target = Schemas["AlertTarget"];
type NewTarget = Schemas["NewAlertTarget"];
type Change = Schemas["AlertTargetChange"];
export type Kind = Target["kind"];

export const KINDS: Record<Kind, { label: string; description: string }> = {
  slack: { label: "Slack", description: "A message in a channel." },
  pagerduty: { label: "PagerDuty", description: "An incident, which ends by itself when the alert is over." },
  email: { label: "E-mail", description: "A mail to the admins, or to addresses of your choice." },
  webhook: { label: "Webhook", description: "A signed request to a system of yours." },
};

/** Named as the server names them, so that what it complains about finds its field. */
export interface TargetValues {
  kind: Kind;
  name: string;
  least_severity: Severity;
  routing_key: string;
  region: "us" | "eu";
  url: string;
  recipients: string;
  secret: string;
}

const EMPTY: TargetValues = {
  kind: "slack",
  name: "",
  least_severity: "info",
  routing_key: "",
  region: "us",
  url: "",
  recipients: "",
  secret: "",
};

/** Keys and addresses that are secrets are not known here: their fields begin empty. */
export function valuesOf(target: Target | undefined): TargetValues {
  if (!target) return EMPTY;
  const { kind, name, least_severity, region, url, recipients } = target;
  return {
    ...EMPTY,
    kind,
    name,
    least_severity,
    region: region ?? "us",
    url: url ?? "",
    recipients: recipients?.join("\n") ?? "",
  };
}

/** Addresses as they are typed: one a line, or with commas between them. */
export const addressesOf = (text: string): string[] =>
  text
    .split(/[\s,;]+/)
    .map((one) => one.trim())
    .filter(Boolean);

export function newTargetOf(values: TargetValues): NewTarget {
  const all = { name: values.name.trim(), least_severity: values.least_severity };
  const [url, secret] = [values.url.trim(), values.secret.trim()];
  switch (values.kind) {
    case "pagerduty":
      return { kind: "pagerduty", ...all, routing_key: values.routing_key.trim(), region: values.region };
    case "slack":
      return { kind: "slack", ...all, url };
    case "email":
      return { kind: "email", ...all, recipients: addressesOf(values.recipients) };
    default:
      return { kind: "webhook", ...all, url, ...(secret && { secret }) };
  }
}

/** Only what is different: what somebody else changes meanwhile stays, and so does a secret that was not typed anew. */
export function changeOf(target: Target, values: TargetValues): Change {
  const [name, url, key] = [values.name.trim(), values.url.trim(), values.routing_key.trim()];
  const { kind, least_severity, region } = target;
  const recipients = addressesOf(values.recipients);
  return {
    ...(name !== target.name && { name }),
    ...(values.least_severity !== least_severity && { least_severity: values.least_severity }),
    ...(kind === "pagerduty" && key && { routing_key: key }),
    ...(kind === "pagerduty" && values.region !== region && { region: values.region }),
    ...((kind === "slack" || kind === "webhook") && url && url !== target.url && { url }),
    ...(kind === "email" && recipients.join() !== (target.recipients ?? []).join() && { recipients }),
  };
}
