/**
 * Typed client of the SocialAI Hub API. Paths, parameters, bodies and answers come from the generated schema; nothing
 * here repeats them. What this file adds: how a request says who it is, and one error for every refusal.
 */
import createOpenapiClient, { type Client, type Middleware } from "openapi-fetch";

import { ProblemError, toProblem } from "./problem.js";
import type { components, paths } from "./schema.gen.js";

export { ProblemError, type Problem } from "./problem.js";
export type Schemas = components["schemas"];
export type ApiClient = Client<paths>;

export interface ClientOptions {
  /** Where the installation answers, for example `https://hub.example.com`; leave out on its own pages. */
  origin?: string;
  /** The access token or API key to send, asked for at each request; without one only public operations answer. */
  credential?: () => string | undefined;
  /** The value of the cookie `socialai_csrf`; needed where the refresh token travels as a cookie (`/auth/refresh`). */
  csrfToken?: () => string | undefined;
  fetch?: (request: Request) => Promise<Response>;
}

export function createClient(options: ClientOptions = {}): ApiClient {
  const client = createOpenapiClient<paths>({
    baseUrl: `${options.origin ?? ""}/api/v1`,
    credentials: "same-origin",
    ...(options.fetch && { fetch: options.fetch }),
  });
  client.use(whoAmI(options));
  return client;
}

function whoAmI({ credential, csrfToken }: ClientOptions): Middleware {
  return {
    onRequest({ request }) {
      const bearer = credential?.();
      if (bearer !== undefined) request.headers.set("authorization", `Bearer ${bearer}`);
      const csrf = csrfToken?.();
      if (csrf !== undefined) request.headers.set("x-csrf-token", csrf);
      return request;
    },
  };
}

interface Answer {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/**
 * The data of a call that went well; a {@link ProblemError} for every other answer.
 *
 * ```ts
 * const page = await dataOf(client.GET("/users"));
 * ```
 */
export async function dataOf<A extends Answer>(call: Promise<A>): Promise<Exclude<A["data"], undefined>> {
  const { data, error, response } = await call;
  if (!response.ok) throw new ProblemError(toProblem(error, response));
  return data as Exclude<A["data"], undefined>;
}
