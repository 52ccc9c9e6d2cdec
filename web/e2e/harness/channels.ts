/** Channel accounts in states that no test could bring about: tokens that end, gaps, platforms that refuse. */
import type { Schemas } from "@socialai/api-client";
import type { Page } from "@playwright/test";

export type Account = Schemas["ChannelAccount"];
export type Gap = Schemas["ChannelGap"];
export type Platform = Schemas["ChannelPlatform"];

const HOUR_MS = 3_600_000;

export const ago = (hours: number): string => new Date(Date.now() - hours * HOUR_MS).toISOString();

export function anAccount(id: string, name: string, changes: Partial<Account> = {}): Account {
  return {
    id: `chan_${id}`,
    platform: "facebook",
    external_id: `10672809700${id}`,
    name,
    handle: null,
    avatar_url: null,
    state: "healthy",
    state_reason: null,
    state_since: ago(100),
    token_expires_at: null,
    refresh_at: null,
    uses_own_app: false,
    scopes: ["pages_messaging"],
    settings: {
      text_limit: null,
      ignores_comments: false,
      has_human_agent: false,
      poll_every_seconds: null,
      widget: null,
    },
    last_event_at: ago(0.1),
    polled_at: null,
    quota: null,
    quota_at: null,
    connected_by: "usr_1",
    connected_at: ago(500),
    disconnected_at: null,
    updated_at: ago(1),
    ...changes,
  };
}

export function aPlatform(platform: Platform["platform"], title: string, changes: Partial<Platform> = {}): Platform {
  return {
    platform,
    title,
    has_login: true,
    can_connect: true,
    has_operator_app: true,
    own_app: null,
    scopes: ["pages_show_list", "pages_messaging"],
    has_webhooks: true,
    redirect_uri: `https://hub.test/api/v1/auth/social/${platform}/callback`,
    own_webhook_url: `https://hub.test/v1/webhook/${platform}/ten_1`,
    rules: [],
    ...changes,
  };
}

export const PLATFORMS: Platform[] = [
  aPlatform("facebook", "Facebook"),
  aPlatform("instagram", "Instagram", {
    own_app: {
      id: "app_1",
      platform: "instagram",
      client_id: "424242",
      created_by: "usr_1",
      created_at: ago(50),
      updated_at: ago(50),
    },
  }),
  aPlatform("x", "X", { has_operator_app: false, can_connect: false, scopes: ["dm.read", "dm.write"] }),
  aPlatform("linkedin", "LinkedIn", { has_login: false, has_operator_app: false, can_connect: false }),
  aPlatform("web_chat", "Web chat", { has_login: false, has_operator_app: false, scopes: [], redirect_uri: null }),
];

interface Channels {
  accounts: Account[];
  gaps: Record<string, Gap[]>;
  platforms: Platform[];
}

/** Answers what the pages read, from what the test may change meanwhile; what they do goes to the test's own routes. */
export async function channels(page: Page, given: Partial<Channels> = {}): Promise<Channels> {
  const all: Channels = { accounts: [], gaps: {}, platforms: PLATFORMS, ...given };
  await page.route("**/api/v1/channel-accounts", (route) => route.fulfill({ json: { items: all.accounts } }));
  await page.route("**/api/v1/channel-platforms", (route) => route.fulfill({ json: all.platforms }));
  await page.route(/\/api\/v1\/channel-accounts\/chan_\w+$/, (route) => {
    if (route.request().method() !== "GET") return route.fallback();
    const account = all.accounts.find(({ id }) => route.request().url().endsWith(`/${id}`));
    if (!account) return route.fallback();
    return route.fulfill({ json: { account, gaps: all.gaps[account.id] ?? [], now: ago(0) } });
  });
  return all;
}

/** The log-in at the platform, which is left out: the browser comes back at once with this. */
export async function comesBackWith(page: Page, query: string): Promise<{ asked: string[] }> {
  const asked: string[] = [];
  await page.route("**/api/v1/auth/social/*/init", (route) => {
    const request = route.request();
    asked.push(`${request.url().split("/").at(-2)} ${request.postData() ?? ""}`);
    const { origin } = new URL(page.url());
    return route.fulfill({ json: { authorize_url: `${origin}/connections?${query}` } });
  });
  return { asked };
}
