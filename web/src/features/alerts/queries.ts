/** What the pages about alerts read from the server, and what they change there. Secrets never enter the cache. */
import { useQuery } from "@tanstack/react-query";

import { api, call, tenantKey, usePages, type Schemas } from "@/lib/api";
import type { IdempotencyHeader as Header } from "@/lib/idempotency";
import { queryClient } from "@/lib/query-client";

import { queryOf, type Alert, type Filter } from "./filter";
import { isDue } from "./notices";

export type Target = Schemas["AlertTarget"];
export type Made = Schemas["AlertTargetMade"];
export type OpenedAlert = Schemas["OpenedAlert"];
type RuleChange = Schemas["AlertRuleChange"];
type TargetChange = Schemas["AlertTargetChange"];
type NewTarget = Schemas["NewAlertTarget"];

const ROWS = 50;
/** The workspace is looked at about as often. */
const LOOK_MS = 30_000;
/** Until what is on its way has ended. */
const SOON_MS = 1500;

export function useAlerts(filter: Filter) {
  return usePages<Alert>(
    tenantKey("alerts", "list", filter),
    (cursor, signal) => {
      const query = { ...queryOf(filter), limit: ROWS, ...(cursor !== undefined && { cursor }) };
      return call(api.GET("/alerts", { params: { query }, signal }));
    },
    { refetchOnMount: "always" },
  );
}

/** With whom was told; of messages that are on their way no event tells. */
export function useAlert(id: string) {
  return useQuery({
    queryKey: tenantKey("alerts", "one", id),
    queryFn: ({ signal }) => call(api.GET("/alerts/{id}", { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => (state.data?.notices.some(isDue) ? SOON_MS : false),
  });
}

const RULES = {
  queryFn: ({ signal }: { signal: AbortSignal }) => call(api.GET("/alert-rules", { signal })),
};

/** The rules as the workspace has them, with what was read at the last look. */
export function useRules() {
  return useQuery({ ...RULES, queryKey: tenantKey("alert-rules"), refetchInterval: LOOK_MS });
}

export function useOpenAlerts(enabled: boolean): number {
  const { data } = useQuery({
    ...RULES,
    queryKey: tenantKey("alert-rules"),
    select: ({ items }) => items.reduce((sum, { open_alerts: open }) => sum + open, 0),
    enabled,
  });
  return data ?? 0;
}

export function useTargets() {
  return useQuery({
    queryKey: tenantKey("alert-targets"),
    queryFn: ({ signal }) => call(api.GET("/alert-targets", { signal })),
    select: ({ items }) => items,
  });
}

/** What becomes of a test; read again until it has ended. */
export function useTest(effect: string | undefined) {
  return useQuery({
    queryKey: tenantKey("effects", "one", effect),
    queryFn: ({ signal }) => call(api.GET("/effects/{id}", { params: { path: { id: effect ?? "" } }, signal })),
    enabled: effect !== undefined,
    refetchInterval: ({ state }) => (state.data && !isDue(state.data) ? false : SOON_MS),
    meta: { keep: false },
  });
}

export async function changeRule(name: string, body: RuleChange): Promise<void> {
  await call(api.PATCH("/alert-rules/{name}", { params: { path: { name } }, body }));
  await readAgain("alert-rules");
}

export async function addTarget(body: NewTarget, header: Header): Promise<Made> {
  const made = await call(api.POST("/alert-targets", { params: { header }, body }));
  void readAgain("alert-targets");
  return made;
}

export async function changeTarget(id: string, body: TargetChange): Promise<void> {
  await call(api.PATCH("/alert-targets/{id}", { params: { path: { id } }, body }));
  await readAgain("alert-targets");
}

export async function removeTarget(id: string): Promise<void> {
  await call(api.DELETE("/alert-targets/{id}", { params: { path: { id } } }));
  await Promise.all([readAgain("alert-targets"), readAgain("alert-rules")]);
}

export async function sendTest(id: string, header: Header): Promise<string> {
  const { effect_id: effect } = await call(api.POST("/alert-targets/{id}/test", { params: { path: { id }, header } }));
  return effect;
}

export const readTargetsAgain = () => readAgain("alert-targets");

const readAgain = (noun: string) => queryClient.invalidateQueries({ queryKey: tenantKey(noun) });
