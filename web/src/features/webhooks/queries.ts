/** What the pages about webhooks read from the server, and what they change there. Secrets never enter the cache. */
import { useQuery } from "@tanstack/react-query";

import { api, call, tenantKey, usePages, type Schemas } from "@/lib/api";
import type { IdempotencyHeader as Header } from "@/lib/idempotency";
import { queryClient } from "@/lib/query-client";

import { queryOf, type DeliveryFilter } from "./delivery-filter";
import { isDue, SOON_MS } from "./due";

export type Endpoint = Schemas["WebhookEndpoint"];
export type Made = Schemas["WebhookEndpointMade"];
export type Delivery = Schemas["WebhookDelivery"];
export type DeliveryState = Schemas["WebhookDeliveryState"];
export type Attempt = Schemas["WebhookAttempt"];
export type WebhookEvent = Schemas["WebhookEvent"];

const ROWS = 50;

export function useEndpoints() {
  return useQuery({
    queryKey: tenantKey("webhook-endpoints", "list"),
    queryFn: ({ signal }) => call(api.GET("/webhook-endpoints", { signal })),
    select: ({ items }) => items,
  });
}

export function useEndpoint(id: string) {
  return useQuery({
    queryKey: tenantKey("webhook-endpoints", "one", id),
    queryFn: ({ signal }) => call(api.GET("/webhook-endpoints/{id}", { params: { path: { id } }, signal })),
    placeholderData: () =>
      queryClient
        .getQueryData<{ items: Endpoint[] }>(tenantKey("webhook-endpoints", "list"))
        ?.items.find((endpoint) => endpoint.id === id),
  });
}

/** The catalogue. */
export function useWebhookEvents() {
  return useQuery({
    queryKey: tenantKey("webhook-events"),
    queryFn: ({ signal }) => call(api.GET("/webhook-events", { signal })),
    // Part of the program: it changes with an update only.
    staleTime: 3_600_000,
  });
}

/** Newest first. */
export function useDeliveries(endpointId: string, filter: DeliveryFilter) {
  return usePages(
    tenantKey("webhook-deliveries", "list", endpointId, filter),
    (cursor, signal) => {
      const query = {
        endpoint_id: endpointId,
        ...queryOf(filter),
        limit: ROWS,
        ...(cursor !== undefined && { cursor }),
      };
      return call(api.GET("/webhook-deliveries", { params: { query }, signal }));
    },
    // Of deliveries that wait for their first attempt no event tells.
    { refetchOnMount: "always" },
  );
}

export function useDelivery(id: string) {
  return useQuery({
    queryKey: tenantKey("webhook-deliveries", "one", id),
    queryFn: ({ signal }) => call(api.GET("/webhook-deliveries/{id}", { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => (state.data && isDue(state.data.delivery) ? SOON_MS : false),
    // What is sent stays on the server, where it is deleted in time.
    meta: { keep: false },
  });
}

/** Who made an endpoint, as far as it was a person who still works here. */
export function useMaker(actor: string, enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("users", "one", actor),
    queryFn: ({ signal }) => call(api.GET("/users/{id}", { params: { path: { id: actor } }, signal })),
    enabled: enabled && actor.startsWith("usr_"),
    retry: false,
  });
}

export async function addEndpoint(body: Schemas["NewWebhookEndpoint"], header: Header): Promise<Made> {
  const made = await call(api.POST("/webhook-endpoints", { params: { header }, body }));
  know(made.endpoint);
  return made;
}

export async function changeEndpoint(id: string, body: Schemas["WebhookEndpointChange"]): Promise<void> {
  know(await call(api.PATCH("/webhook-endpoints/{id}", { params: { path: { id } }, body })));
}

export async function removeEndpoint(id: string): Promise<void> {
  await call(api.DELETE("/webhook-endpoints/{id}", { params: { path: { id } } }));
  void queryClient.invalidateQueries({ queryKey: tenantKey("webhook-endpoints", "list") });
}

export async function rotateSecret(id: string, overlapHours: number, header: Header): Promise<Made> {
  const params = { path: { id }, header };
  const body = { overlap_hours: overlapHours };
  const made = await call(api.POST("/webhook-endpoints/{id}/rotate-secret", { params, body }));
  know(made.endpoint);
  return made;
}

export async function disable(id: string, header: Header): Promise<void> {
  know(await call(api.POST("/webhook-endpoints/{id}/disable", { params: { path: { id }, header } })));
}

export async function enable(id: string, header: Header): Promise<void> {
  know(await call(api.POST("/webhook-endpoints/{id}/enable", { params: { path: { id }, header } })));
}

export async function recover(id: string, header: Header): Promise<Schemas["WebhookRecovery"]> {
  const recovery = await call(api.POST("/webhook-endpoints/{id}/recover", { params: { path: { id }, header } }));
  know(recovery.endpoint);
  void readDeliveriesAgain();
  return recovery;
}

export async function sendTest(id: string, header: Header): Promise<Delivery> {
  const delivery = await call(api.POST("/webhook-endpoints/{id}/test", { params: { path: { id }, header } }));
  void readDeliveriesAgain();
  return delivery;
}

export async function replay(id: string, header: Header): Promise<void> {
  await call(api.POST("/webhook-deliveries/{id}/replay", { params: { path: { id }, header } }));
  void readDeliveriesAgain();
}

export async function replayWindow(body: Schemas["ReplayWindow"], header: Header): Promise<Schemas["WebhookReplay"]> {
  const replayed = await call(api.POST("/webhook-deliveries/replay", { params: { header }, body }));
  void readDeliveriesAgain();
  return replayed;
}

function know(endpoint: Endpoint): void {
  queryClient.setQueryData(tenantKey("webhook-endpoints", "one", endpoint.id), endpoint);
  void queryClient.invalidateQueries({ queryKey: tenantKey("webhook-endpoints", "list") });
}

const readDeliveriesAgain = () => queryClient.invalidateQueries({ queryKey: tenantKey("webhook-deliveries") });
