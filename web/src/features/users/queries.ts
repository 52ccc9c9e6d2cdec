/** What the pages about people read from the server, and what they change there. */
import { useQuery, type InfiniteData } from "@tanstack/react-query";

import { api, call, tenantKey, usePages, type Schemas } from "@/lib/api";
import { queryClient } from "@/lib/query-client";

export type User = Schemas["User"];
export type Invitation = Schemas["Invitation"];
export type Session = Schemas["Session"];
export type Sent = Schemas["InvitationSent"];

export interface Filter {
  role?: string | undefined;
  status?: string | undefined;
  search?: string | undefined;
}

const ROWS = 100;

export function useUsers(filter: Filter, enabled: boolean) {
  return usePages<User>(
    tenantKey("users", "list", filter),
    (cursor, signal) => {
      // Roles and states of a newer server are words to us.
      const query = { ...filter, cursor, limit: ROWS } as { limit: number };
      return call(api.GET("/users", { params: { query }, signal }));
    },
    { enabled },
  );
}

export function useUserOfId(id: string) {
  return useQuery({
    queryKey: tenantKey("users", "one", id),
    queryFn: ({ signal }) => call(api.GET("/users/{id}", { params: { path: { id } }, signal })),
    // What the list showed is shown at once.
    placeholderData: () => listed(id),
  });
}

function listed(id: string): User | undefined {
  const lists = queryClient.getQueriesData<InfiniteData<{ items: User[] }>>({ queryKey: tenantKey("users", "list") });
  return lists
    .flatMap(([, data]) => data?.pages ?? [])
    .flatMap(({ items }) => items)
    .find((user) => user.id === id);
}

export function useSessionsOf(id: string, enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("sessions", "of", id),
    queryFn: ({ signal }) => call(api.GET("/users/{id}/sessions", { params: { path: { id } }, signal })),
    enabled,
  });
}

export function useRoleMatrix() {
  return useQuery({
    queryKey: tenantKey("roles"),
    queryFn: ({ signal }) => call(api.GET("/roles", { signal })),
    // Part of the program: it changes with an update only.
    staleTime: 3_600_000,
  });
}

export function usePolicy(enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("policy"),
    queryFn: ({ signal }) => call(api.GET("/tenant/policy", { signal })),
    enabled,
  });
}

export function useInvitations(enabled: boolean) {
  return usePages<Invitation>(
    tenantKey("invitations", "list"),
    (cursor, signal) => {
      const query = { limit: ROWS, ...(cursor !== undefined && { cursor }) };
      return call(api.GET("/invitations", { params: { query }, signal }));
    },
    { enabled },
  );
}

type UserChange = Partial<Pick<User, "role" | "status">>;

export async function changeUser(id: string, change: UserChange): Promise<void> {
  showUser(await call(api.PATCH("/users/{id}", { params: { path: { id } }, body: change })));
  void queryClient.invalidateQueries({ queryKey: tenantKey("sessions", "of", id) });
}

/** Shown at once, and taken back if the server refuses. */
export async function changeUserAhead(user: User, change: UserChange): Promise<void> {
  showUser({ ...user, ...change });
  try {
    await changeUser(user.id, change);
  } catch (error) {
    showUser(user);
    throw error;
  }
}

/** In the lists and in the panel; a list that no longer fits its filter is put right by the live event. */
function showUser(user: User): void {
  const put = (other: User) => (other.id === user.id ? user : other);
  queryClient.setQueryData(tenantKey("users", "one", user.id), user);
  changeLists<User>("users", (items) => items.map(put));
}

export async function removeUser(id: string): Promise<void> {
  await call(api.DELETE("/users/{id}", { params: { path: { id } } }));
  changeLists<User>("users", (items) => items.filter((user) => user.id !== id));
}

export async function endSessions(id: string): Promise<void> {
  await call(api.DELETE("/users/{id}/sessions", { params: { path: { id } } }));
  queryClient.setQueryData(tenantKey("sessions", "of", id), []);
}

export const sendPasswordReset = (id: string) =>
  call(api.POST("/users/{id}/password-reset", { params: { path: { id } } }));

export async function resetFactors(user: User): Promise<void> {
  await call(api.DELETE("/users/{id}/factors", { params: { path: { id: user.id } } }));
  showUser({ ...user, has_mfa: false });
  queryClient.setQueryData(tenantKey("sessions", "of", user.id), []);
}

export async function invite(body: Schemas["NewInvitation"], header: { "Idempotency-Key": string }): Promise<Sent> {
  return call(api.POST("/invitations", { params: { header }, body }));
}

export const readInvitationsAgain = () => queryClient.invalidateQueries({ queryKey: tenantKey("invitations") });

export async function renewInvitation(id: string): Promise<Sent> {
  const sent = await call(api.POST("/invitations/{id}/renew", { params: { path: { id } } }));
  changeLists<Invitation>("invitations", (items) => items.map((old) => (old.id === id ? sent.invitation : old)));
  return sent;
}

export async function withdrawInvitation(id: string): Promise<void> {
  await call(api.DELETE("/invitations/{id}", { params: { path: { id } } }));
  const withdrawn = { state: "revoked" as const };
  changeLists<Invitation>("invitations", (items) =>
    items.map((old) => (old.id === id ? { ...old, ...withdrawn } : old)),
  );
}

function changeLists<T>(noun: string, change: (items: T[]) => T[]): void {
  queryClient.setQueriesData<InfiniteData<{ items: T[] }>>(
    { queryKey: tenantKey(noun, "list") },
    (data) => data && { ...data, pages: data.pages.map((page) => ({ ...page, items: change(page.items) })) },
  );
}
