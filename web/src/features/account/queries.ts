/** What a person's own pages read from the server, and what they change there. */
import { useQuery } from "@tanstack/react-query";

import { api, call, tenantKey, type Schemas } from "@/lib/api";
import { createPasskey } from "@/lib/passkeys";
import { queryClient } from "@/lib/query-client";
import { refreshFacts, useCan } from "@/lib/session";

export type Session = Schemas["Session"];
export type Passkey = Schemas["PasskeyInfo"];
export type Enrolment = Schemas["TotpEnrolment"];

/** Proof that the person is present: a code where an authenticator app is set up. */
export interface Proof {
  code?: string;
}

export function useMe() {
  return useQuery({
    queryKey: tenantKey("me"),
    queryFn: ({ signal }) => call(api.GET("/me", { signal })),
  });
}

export function useFactors(enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("me", "factors"),
    queryFn: ({ signal }) => call(api.GET("/me/factors", { signal })),
    enabled,
  });
}

export function usePasskeys(enabled: boolean) {
  return useQuery({
    queryKey: tenantKey("me", "passkeys"),
    queryFn: ({ signal }) => call(api.GET("/me/passkeys", { signal })),
    enabled,
  });
}

/** Whether this role must have a second factor here. */
export function useIsAsked(role: string, enabled: boolean): boolean {
  const maySee = useCan("settings:read");
  const { data } = useQuery({
    queryKey: tenantKey("policy"),
    queryFn: ({ signal }) => call(api.GET("/tenant/policy", { signal })),
    enabled: enabled && maySee,
  });
  return data?.mfa_roles.some((asked) => asked === role) ?? role === "admin";
}

export function useOwnSessions() {
  return useQuery({
    queryKey: tenantKey("sessions", "own"),
    queryFn: ({ signal }) => call(api.GET("/me/sessions", { signal })),
  });
}

export async function rename(name: string): Promise<string> {
  const user = await call(api.PATCH("/me", { body: { name } }));
  // The new name is stored; whether the frame shows it yet is no failure of the change.
  await refreshFacts().catch(() => undefined);
  return user.name;
}

export async function changePassword(body: Schemas["PasswordChange"]): Promise<void> {
  await call(api.POST("/me/password", { body }));
  void queryClient.invalidateQueries({ queryKey: tenantKey("sessions") });
}

const factorsChanged = async () => {
  await Promise.all(["me", "checklist"].map((noun) => queryClient.invalidateQueries({ queryKey: tenantKey(noun) })));
};

export async function startTotp(proof: Proof): Promise<Enrolment> {
  const enrolment = await call(api.POST("/me/totp/start", { body: proof }));
  // The proof may have been a recovery code: there is one less now.
  if (proof.code !== undefined) void factorsChanged();
  return enrolment;
}

export async function confirmTotp(enrolment: string, code: string): Promise<string[]> {
  const { recovery_codes } = await call(api.POST("/me/totp/confirm", { body: { enrolment, code } }));
  await factorsChanged();
  return recovery_codes;
}

export async function removeTotp(proof: Proof): Promise<void> {
  await call(api.DELETE("/me/totp", { body: proof }));
  await factorsChanged();
}

export async function makeRecoveryCodes(proof: Proof): Promise<string[]> {
  const { recovery_codes } = await call(api.POST("/me/recovery-codes", { body: proof }));
  await factorsChanged();
  return recovery_codes;
}

export async function addPasskey(name: string, proof: Proof): Promise<void> {
  const { ticket, options } = await call(api.POST("/me/passkeys/start", { body: proof }));
  try {
    const credential = await createPasskey(options);
    await call(api.POST("/me/passkeys/finish", { body: { ticket, name, credential } }));
  } finally {
    // Also when the device refused: the proof may have been a recovery code, which is used up.
    await factorsChanged();
  }
}

export async function removePasskey(id: string, proof: Proof): Promise<void> {
  await call(api.DELETE("/me/passkeys/{id}", { params: { path: { id } }, body: proof }));
  await factorsChanged();
}

export async function endOwnSession(id: string): Promise<void> {
  await call(api.DELETE("/me/sessions/{id}", { params: { path: { id } } }));
  queryClient.setQueryData<Session[]>(tenantKey("sessions", "own"), (all) => all?.filter((one) => one.id !== id));
}
