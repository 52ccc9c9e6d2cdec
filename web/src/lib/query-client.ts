/** What was read from the server, in memory and, to be read offline, on this device. */
import { dehydrate, hydrate, QueryClient, type DehydratedState } from "@tanstack/react-query";
import { del, get, set } from "idb-keyval";

import { ProblemError, Unreachable } from "./problems";
import { onIdentityChange, useSession } from "./session";

const WEEK_MS = 7 * 24 * 3600 * 1000;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // Live updates say when something changed; this only bounds what they could miss.
      staleTime: 30_000,
      gcTime: WEEK_MS,
      networkMode: "offlineFirst",
      retry: (failures, error) =>
        failures < 2 &&
        (error instanceof Unreachable || (error instanceof ProblemError && error.problem.status >= 502)),
    },
    mutations: { networkMode: "always", retry: false },
  },
});

/** What the device keeps: one person's answers in one workspace. */
interface Kept {
  whose: string;
  at: number;
  state: DehydratedState;
}

const KEY = "socialai.cache";
/** Answers come in bursts; one write for all of them. */
const WRITE_AFTER_MS = 1000;

export const readKept = (): Promise<Kept | undefined> => get<Kept>(KEY).catch(() => undefined);

/** Shows what was kept, if it is this person's and not too old, until the server has said how it is now. */
export function restore(kept: Kept | undefined): void {
  if (!kept || kept.whose !== whose() || Date.now() - kept.at >= WEEK_MS) return;
  hydrate(queryClient, kept.state);
  void queryClient.invalidateQueries({ predicate: ({ state }) => state.dataUpdatedAt <= kept.at });
}

/** Keeps the answers as long as this person stays signed in; queries with `meta: { keep: false }` are not kept. */
export function keepOnDevice(): void {
  let due: ReturnType<typeof setTimeout> | undefined;
  const writeNow = () => {
    clearTimeout(due);
    due = undefined;
    write();
  };
  queryClient.getQueryCache().subscribe(({ type }) => {
    if (type !== "updated" || due) return;
    due = setTimeout(writeNow, WRITE_AFTER_MS);
  });
  // Whoever leaves within that second finds the answers nevertheless.
  addEventListener("pagehide", () => due && writeNow());
  onIdentityChange(() => {
    queryClient.clear();
    void del(KEY).catch(() => undefined);
  });
}

function write(): void {
  const owner = whose();
  if (!owner) return;
  const state = dehydrate(queryClient, {
    shouldDehydrateMutation: () => false,
    shouldDehydrateQuery: ({ queryKey, state, meta }) =>
      state.status === "success" &&
      meta?.["keep"] !== false &&
      `${String(queryKey[0])}.${String(queryKey[1])}` === owner,
  });
  // Without storage there is no reading offline; everything else works.
  void set(KEY, { whose: owner, at: Date.now(), state } satisfies Kept).catch(() => undefined);
}

function whose(): string | undefined {
  const facts = useSession.getState().facts;
  return facts && `${facts.tenant.id}.${facts.user.id}`;
}
