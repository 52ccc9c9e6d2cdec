/** The workspace's connection to its identity provider. */
import { useQuery } from "@tanstack/react-query";

import { api, call, tenantKey, type Schemas } from "@/lib/api";
import { hasCode } from "@/lib/problems";
import { queryClient } from "@/lib/query-client";

export type Connection = Schemas["SsoConnection"];
export type Settings = Schemas["SsoSettings"];
export type Finding = Schemas["SsoTestFinding"];

/** `null`: there is none yet. */
export function useConnection(enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("sso"),
    queryFn: async ({ signal }): Promise<Connection | null> => {
      try {
        return await call(api.GET("/sso", { signal }));
      } catch (error) {
        if (hasCode(error, "not_found")) return null;
        throw error;
      }
    },
    enabled,
  });
}

export async function saveConnection(settings: Settings, secret: string): Promise<Connection> {
  const body = { settings, ...(secret !== "" && { client_secret: secret }) };
  const connection = await call(api.PUT("/sso", { body }));
  queryClient.setQueryData(tenantKey("sso"), connection);
  void queryClient.invalidateQueries({ queryKey: tenantKey("checklist") });
  return connection;
}

export async function removeConnection(): Promise<void> {
  await call(api.DELETE("/sso"));
  queryClient.setQueryData(tenantKey("sso"), null);
}

export const testConnection = () => call(api.POST("/sso/test"));

/** Where the browser has to go for a test log-in. */
export const beginTestLogIn = async (): Promise<string> => (await call(api.POST("/sso/test-log-in"))).url;

export function useFinding(ticket: string | undefined) {
  return useQuery({
    queryKey: tenantKey("sso-finding", ticket),
    queryFn: ({ signal }) => call(api.POST("/sso/test-log-in/finding", { body: { ticket: ticket ?? "" }, signal })),
    enabled: ticket !== undefined,
    staleTime: Infinity,
    gcTime: 0,
    // What somebody's provider says of them does not stay on this device.
    meta: { keep: false },
  });
}
