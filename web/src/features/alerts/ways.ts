/** From an alert to the page where something can be done about it. */
export interface Way {
  to: string;
  label: string;
  /** The permission without which it leads nowhere. */
  needs: string;
}

const SYSTEM: Way = { to: "/system", label: "See how the system does", needs: "system:read" };
const LETTERS: Way = { to: "/system/dead-letters", label: "See the dead letters", needs: "work:read" };

const WAYS: Record<string, Way> = {
  "dead_letters.urgent": LETTERS,
  "dead_letters.waiting": LETTERS,
  "effects.unknown": { to: "/system/effects?state=unknown", label: "See these outside actions", needs: "work:read" },
  "alert_targets.broken": { to: "/settings/alerts", label: "See the target", needs: "alerts:read" },
};

export function wayOf({ rule, subject }: { rule: string; subject?: string | null }): Way {
  const one = subject ? `/${encodeURIComponent(subject)}` : "";
  if (rule === "webhook_endpoints.disabled") {
    return { to: `/settings/webhooks${one}`, label: "See the endpoint", needs: "webhooks:read" };
  }
  if (rule.startsWith("channel_accounts.")) {
    return { to: `/connections${one}`, label: "See the account", needs: "channels:read" };
  }
  return Object.hasOwn(WAYS, rule) ? (WAYS[rule] ?? SYSTEM) : SYSTEM;
}
