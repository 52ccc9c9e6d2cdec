/** Jobs, queues and acts on other systems in words; what a newer server knows is called by its own word. */

const KINDS: Record<string, string> = {
  "webhooks.deliver": "Deliver a webhook",
  "webhooks.fan_out": "Hand an event to the webhooks",
  "facts.read_again": "Read an event again",
  "alerts.look": "Find the workspaces to look at",
  "alerts.look_at": "Look for what is wrong",
  "alerts.tell": "Tell of an alert",
};

const EFFECTS: Record<string, string> = { "webhook.delivery": "Webhook delivery", "alert.notice": "Alert" };

const QUEUES: Record<string, string> = {
  social: "Social networks",
  ai: "AI",
  crm: "CRM",
  webhooks: "Webhooks",
  analytics: "Analytics",
  scheduler: "Schedules",
};

const REASONS: Record<string, string> = {
  gave_up: "Failed every time",
  worker_died: "Workers died of it",
  unreadable_payload: "Cannot be read",
  unreadable_fact: "Its reader broke on it",
  unknown_kind: "No worker knew it",
  unusable_endpoint: "Endpoint cannot be used",
};

/** What a job does: "Deliver a webhook". */
export const jobOf = (kind: string): string => known(KINDS, kind) ?? wordsOf(kind);

/** What was done to another system. */
export const effectOf = (kind: string): string => known(EFFECTS, kind) ?? wordsOf(kind);

export const queueOf = (queue: string): string => known(QUEUES, queue) ?? wordsOf(queue);

/** Why a job was given up. */
export const reasonOf = (reason: string): string => known(REASONS, reason) ?? wordsOf(reason);

/** "crm.write_lead": "Crm: write lead". */
function wordsOf(name: string): string {
  const words = name.replaceAll("_", " ").split(".").join(": ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** How long something lasts, in its largest unit: "3 minutes". */
export function lastsOf(seconds: number): string {
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? ["second", 1];
  const format = new Intl.NumberFormat(undefined, {
    style: "unit",
    unit,
    unitDisplay: "long",
    maximumFractionDigits: 0,
  });
  return format.format(Math.floor(seconds / size));
}

const UNITS: [string, number][] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** Own entries only: a kind may be called `constructor`. */
const known = (table: Record<string, string>, name: string): string | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
