/** The calls of somebody who is not signed in yet. The refresh token always comes as a cookie that scripts cannot read. */
import { call } from "@/lib/api";
import { serverNow } from "@/lib/clock";
import { askPasskey } from "@/lib/passkeys";
import { ProblemError } from "@/lib/problems";
import { publicApi } from "@/lib/session";

import type { LogIn } from "./steps";
import { retryAfter } from "./waiting-rules";

const delivery = "cookie" as const;

/** Refused for now; the server says for how long. */
export class TooMany extends ProblemError {
  readonly seconds: number;

  constructor(error: ProblemError, seconds: number) {
    super(error.problem);
    this.seconds = seconds;
  }
}

async function ask<A extends { data?: unknown; error?: unknown; response: Response }>(asked: Promise<A>) {
  try {
    return await call(asked);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.status !== 429) throw error;
    const { response } = await asked;
    throw new TooMany(error, retryAfter(response.headers.get("retry-after"), serverNow()));
  }
}

export const readOptions = (tenant: string, signal: AbortSignal) =>
  ask(publicApi.GET("/auth/options", { params: { query: tenant ? { tenant } : {} }, signal }));

export interface Credentials {
  email: string;
  password: string;
  tenant?: string | undefined;
}

export const logIn = ({ email, password, tenant }: Credentials): Promise<LogIn> =>
  ask(publicApi.POST("/auth/login", { body: { email, password, delivery, ...(tenant && { tenant }) } }));

export async function logInWithPasskey(tenant?: string, signal?: AbortSignal, autofill = false): Promise<LogIn> {
  const { ticket, options } = await ask(publicApi.POST("/auth/passkey/start", { ...(signal && { signal }) }));
  const credential = await askPasskey(options, signal, autofill);
  return ask(
    publicApi.POST("/auth/passkey/finish", { body: { ticket, credential, delivery, ...(tenant && { tenant }) } }),
  );
}

export const giveCode = (ticket: string, code: string): Promise<LogIn> =>
  ask(publicApi.POST("/auth/second-factor", { body: { ticket, code, delivery } }));

export const startEnrolment = (ticket: string) => ask(publicApi.POST("/auth/enrol/totp", { body: { ticket } }));

export const confirmEnrolment = (ticket: string, enrolment: string, code: string): Promise<LogIn> =>
  ask(publicApi.POST("/auth/enrol/totp/confirm", { body: { ticket, enrolment, code, delivery } }));

export const forgotPassword = (email: string) => ask(publicApi.POST("/auth/password/forgot", { body: { email } }));

export const resetPassword = (ticket: string, password: string) =>
  ask(publicApi.POST("/auth/password/reset", { body: { ticket, password } }));

export const checkInvitation = (invitation: string) =>
  ask(publicApi.POST("/auth/invitation/check", { body: { invitation } }));

export const acceptInvitation = (invitation: string, password: string, name?: string): Promise<LogIn> =>
  ask(publicApi.POST("/auth/invitation/accept", { body: { invitation, password, delivery, ...(name && { name }) } }));
