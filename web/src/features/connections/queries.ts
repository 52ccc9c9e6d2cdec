/**
 * What the pages about connections read from the server, and what they change there. Tokens never leave the server, and the
 * secrets of an app only go there.
 */
import { useQuery } from "@tanstack/react-query";

import { api, call, tenantKey, type Schemas } from "@/lib/api";
import type { IdempotencyHeader as Header } from "@/lib/idempotency";
import { queryClient } from "@/lib/query-client";

export type Account = Schemas["ChannelAccount"];
export type AccountSettings = Schemas["ChannelAccountSettings"];
export type AccountState = Account["state"];
export type Gap = Schemas["ChannelGap"];
export type Platform = Schemas["ChannelPlatform"];
export type PlatformName = Platform["platform"];
export type Choice = Schemas["ChannelConnection"];
export type Outcome = Schemas["ConnectionOutcome"];
export type Widget = Schemas["WebChatWidget"];
export type WidgetMade = Schemas["WebChatWidgetMade"];
type AppContent = Schemas["ChannelAppContent"];

/** What came last and what is left of a limit is told by no event. */
const LOOK_MS = 60_000;

export function useAccounts() {
  return useQuery({
    queryKey: tenantKey("channel-accounts", "list"),
    queryFn: ({ signal }) => call(api.GET("/channel-accounts", { signal })),
    select: ({ items }) => items,
    refetchInterval: LOOK_MS,
  });
}

/** An account with its gaps. */
export function useAccount(id: string, enabled = true) {
  return useQuery({
    queryKey: tenantKey("channel-accounts", "one", id),
    queryFn: ({ signal }) => call(api.GET("/channel-accounts/{id}", { params: { path: { id } }, signal })),
    enabled,
    refetchInterval: LOOK_MS,
  });
}

export function useWidget(id: string) {
  return useQuery({
    queryKey: tenantKey("channel-accounts", "widget", id),
    queryFn: ({ signal }) => call(api.GET("/channel-accounts/{id}/web-chat", { params: { path: { id } }, signal })),
  });
}

export function usePlatforms() {
  return useQuery({
    queryKey: tenantKey("channel-platforms"),
    queryFn: ({ signal }) => call(api.GET("/channel-platforms", { signal })),
  });
}

/** The accounts that were found at the log-in. What they are called is nobody's business on this device. */
export function useChoice(id: string) {
  return useQuery({
    queryKey: tenantKey("channel-connections", id),
    queryFn: ({ signal }) => call(api.GET("/channel-connections/{id}", { params: { path: { id } }, signal })),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    meta: { keep: false },
  });
}

/** Answers with the platform's address to log in at. */
export async function beginConnection(platform: PlatformName, usesOwnApp?: boolean): Promise<string> {
  const body = usesOwnApp === undefined ? {} : { uses_own_app: usesOwnApp };
  const started = await call(api.POST("/auth/social/{platform}/init", { params: { path: { platform } }, body }));
  return started.authorize_url;
}

export async function connectChosen(id: string, externalIds: string[]): Promise<Outcome[]> {
  const body = { external_ids: externalIds };
  const outcomes = await call(api.POST("/channel-connections/{id}/connect", { params: { path: { id } }, body }));
  void readAccountsAgain();
  return outcomes;
}

export async function changeAccount(id: string, body: Schemas["ChannelAccountChange"]): Promise<Account> {
  return know(await call(api.PATCH("/channel-accounts/{id}", { params: { path: { id } }, body })));
}

export async function disconnect(id: string): Promise<void> {
  know(await call(api.POST("/channel-accounts/{id}/disconnect", { params: { path: { id } } })));
}

export async function saveApp(platform: PlatformName, body: AppContent): Promise<void> {
  await call(api.PUT("/channel-apps/{platform}", { params: { path: { platform } }, body }));
  await readPlatformsAgain();
}

export async function removeApp(platform: PlatformName): Promise<void> {
  await call(api.DELETE("/channel-apps/{platform}", { params: { path: { platform } } }));
  await readPlatformsAgain();
}

/** The answer holds a secret that is shown once and kept nowhere. */
export async function addWidget(name: string, header: Header): Promise<WidgetMade> {
  const made = await call(api.POST("/channel-accounts/web-chat", { params: { header }, body: { name } }));
  void readAccountsAgain();
  return made;
}

export async function changeWidget(id: string, body: Schemas["WebChatWidgetChange"]): Promise<Widget> {
  const widget = await call(api.PATCH("/channel-accounts/{id}/web-chat", { params: { path: { id } }, body }));
  queryClient.setQueryData(tenantKey("channel-accounts", "widget", id), widget);
  void readAccountsAgain();
  return widget;
}

/** Shown at once, in the list too, and read again for what the answer does not hold. */
function know(account: Account): Account {
  queryClient.setQueryData<Schemas["ChannelAccountOpened"]>(
    tenantKey("channel-accounts", "one", account.id),
    (before) => before && { ...before, account },
  );
  queryClient.setQueryData<{ items: Account[] }>(
    tenantKey("channel-accounts", "list"),
    (before) => before && { ...before, items: before.items.map((one) => (one.id === account.id ? account : one)) },
  );
  void readAccountsAgain();
  return account;
}

const readAccountsAgain = () => queryClient.invalidateQueries({ queryKey: tenantKey("channel-accounts") });
const readPlatformsAgain = () => queryClient.invalidateQueries({ queryKey: tenantKey("channel-platforms") });
