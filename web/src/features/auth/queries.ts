/** What a stranger may ask. Nothing here is of a person or a workspace, so the keys name neither. */
import { queryOptions } from "@tanstack/react-query";

import { checkInvitation, readOptions } from "./requests";

/** What the log-in page may offer; with a workspace, whether that one has single sign-on. */
export const optionsOf = (tenant: string) =>
  queryOptions({
    queryKey: ["log-in options", tenant],
    queryFn: ({ signal }) => readOptions(tenant, signal),
    staleTime: 60_000,
    meta: { keep: false },
  });

export const invitationOf = (secret: string) =>
  queryOptions({
    queryKey: ["invitation", secret],
    queryFn: () => checkInvitation(secret),
    staleTime: Infinity,
    gcTime: 0,
    meta: { keep: false },
  });
