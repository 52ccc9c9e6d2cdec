/** Calls of the signed-in person, and how their answers are kept. */
import { createClient, dataOf } from "@socialai/api-client";
import { useInfiniteQuery, useQueryClient, type QueryKey } from "@tanstack/react-query";

import { hold } from "./connection";
import { accessToken, dropToken, reach, TOKEN_PROBLEMS, useSession } from "./session";

export type { Schemas } from "@socialai/api-client";
export { dataOf as call };

/**
 * ```ts
 * const page = await call(api.GET("/users", { params: { query: { limit: 50 } } }));
 * ```
 */
export const api = createClient({ fetch: send });

/** Attaches the token; a refused one is renewed and the request, which the server did not carry out, sent once more. */
async function send(request: Request): Promise<Response> {
  if (request.method !== "GET") await hold(request.signal);
  const again = request.clone();
  const token = await accessToken();
  const response = await reach(withToken(request, token));
  if (response.status !== 401 || !(await refusesToken(response))) return response;
  dropToken(token);
  return reach(withToken(again, await accessToken()));
}

function withToken(request: Request, token: string): Request {
  request.headers.set("authorization", `Bearer ${token}`);
  return request;
}

async function refusesToken(response: Response): Promise<boolean> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  return typeof body === "object" && body !== null && "code" in body && TOKEN_PROBLEMS.includes(String(body.code));
}

/** A stream or a file: the whole response, with the token attached. */
export async function open(path: string, init: RequestInit = {}): Promise<Response> {
  return send(new Request(`/api/v1${path}`, init));
}

/**
 * The key of something of this workspace and person in the cache. The noun is the one that live events name; see live.ts.
 */
export function tenantKey(noun: string, ...rest: unknown[]): QueryKey {
  const facts = useSession.getState().facts;
  return [facts?.tenant.id, facts?.user.id, noun, ...rest];
}

interface PageOf<T> {
  items: T[];
  next?: string | null;
}

/** Longer lists are not read again by themselves: it would cost as many requests as pages were scrolled. */
const LONG = 5;

export function isLongList(data: unknown): boolean {
  return (
    typeof data === "object" &&
    data !== null &&
    "pages" in data &&
    Array.isArray(data.pages) &&
    data.pages.length > LONG
  );
}

/**
 * A list that goes on as long as the server has a cursor; `rows` are all of it that was read so far. `hasNews` says that
 * a long list has changed since: offer `refetch`.
 */
export function usePages<T>(
  queryKey: QueryKey,
  read: (cursor: string | undefined, signal: AbortSignal) => Promise<PageOf<T>>,
  options: { enabled?: boolean; refetchOnMount?: "always" } = {},
) {
  const queries = useQueryClient();
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => read(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    select: (data) => data.pages.flatMap((page) => page.items),
    // Another filter: the rows of before stay until the new ones are here.
    placeholderData: (before) => before,
    // Only an event makes it old, so that old means: changed.
    staleTime: Number.POSITIVE_INFINITY,
    ...options,
  });
  const hasNews = query.isStale && isLongList(queries.getQueryData(queryKey));
  return { ...query, rows: query.data ?? [], hasNews };
}
