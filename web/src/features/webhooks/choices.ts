/** Which events an endpoint gets: names (`user.renamed`), groups (`user.*`) or everything (`*`). */
import type { Schemas } from "@/lib/api";

type WebhookEvent = Pick<Schemas["WebhookEvent"], "name" | "summary">;

/** Sent by hand and whatever was chosen: choosing it changes nothing. */
export const TEST_EVENT = "webhook.test";

const TITLES: Record<string, string> = {
  user: "People",
  invitation: "Invitations",
  session: "Sessions",
  api_key: "API keys",
  settings: "Security policy",
  tenant: "Workspace",
  sso: "Single sign-on",
  audit_log: "Audit log",
  job: "Work in the background",
  dead_letters: "Dead letters",
  effect: "Acts on other systems",
  webhook_endpoint: "Webhooks",
  alert_rule: "Alert rules",
  alert_target: "Alert targets",
  alert: "Alerts",
};

export interface EventGroup {
  noun: string;
  title: string;
  /** The choice that stands for all of it. */
  all: string;
  events: WebhookEvent[];
}

/** By what they are about, in the server's order, each event once whatever its versions. */
export function groupsOf(events: readonly WebhookEvent[]): EventGroup[] {
  const groups = new Map<string, EventGroup>();
  for (const event of events) {
    if (event.name === TEST_EVENT) continue;
    const noun = event.name.split(".")[0] ?? event.name;
    const group = groups.get(noun) ?? { noun, title: titleOf(noun), all: `${noun}.*`, events: [] };
    if (!group.events.some(({ name }) => name === event.name)) group.events.push(event);
    groups.set(noun, group);
  }
  return [...groups.values()];
}

/** What of the groups has all words of the search in its name, its sentence or its group's title. */
export function found(groups: readonly EventGroup[], search: string): EventGroup[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return groups.flatMap((group) => {
    const events = group.events.filter(({ name, summary }) => {
      const text = `${group.title} ${name} ${summary}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    return events.length > 0 ? [{ ...group, events }] : [];
  });
}

/** With the whole group, which its single events are part of; or without any of it. */
export function withGroup(choices: readonly string[], { noun, all }: EventGroup, on: boolean): string[] {
  const others = choices.filter((choice) => !choice.startsWith(`${noun}.`));
  return on ? [...others, all] : others;
}

/** How many events of the catalogue these choices stand for. */
export function countOf(groups: readonly EventGroup[], choices: readonly string[]): number {
  const chosen = (group: EventGroup) =>
    choices.includes(group.all)
      ? group.events.length
      : group.events.filter(({ name }) => choices.includes(name)).length;
  return groups.reduce((sum, group) => sum + chosen(group), 0);
}

/** Whether these choices stand for this event, among others. */
export const isChosen = (choices: readonly string[], event: string): boolean =>
  choices.some((choice) => choice === "*" || choice === event || choice === `${event.split(".")[0]}.*`);

/** "everything", "all of People, user.renamed" */
export const wordsOf = (choices: readonly string[]): string =>
  choices
    .map((choice) => {
      if (choice === "*") return "everything";
      return choice.endsWith(".*") ? `all of ${titleOf(choice.slice(0, -2))}` : choice;
    })
    .join(", ");

function titleOf(noun: string): string {
  const words = noun.replaceAll("_", " ");
  return Object.hasOwn(TITLES, noun) ? (TITLES[noun] ?? noun) : words.charAt(0).toUpperCase() + words.slice(1);
}
