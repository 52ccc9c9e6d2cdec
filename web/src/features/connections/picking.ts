/** The choice of accounts after the log-in. */
import type { Schemas } from "@/lib/api";

type Found = Schemas["ConnectableAccount"];
type Outcome = Schemas["ConnectionOutcome"];

/** The server connects as many with one request. */
export const AT_ONCE = 25;

export const nameOf = ({ name, handle, external_id: id }: Found): string => name?.trim() || handle?.trim() || id;

/** By name, handle or the platform's id; those that are not connected yet come first. */
export function matching(accounts: readonly Found[], search: string): Found[] {
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const fits = (account: Found) => {
    const text = `${account.name ?? ""} ${account.handle ?? ""} ${account.external_id}`.toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  };
  return accounts.filter(fits).toSorted((one, other) => Number(one.is_connected) - Number(other.is_connected));
}

/** What is ticked before anybody chose: the only one there is, and those that are connected again. */
export function picksOf(accounts: readonly Found[]): string[] {
  const [only, ...others] = accounts;
  if (only && others.length === 0) return [only.external_id];
  const known = accounts.filter(({ account_id: id, is_connected: is }) => id && !is);
  return known.slice(0, AT_ONCE).map(({ external_id: id }) => id);
}

export interface Summary {
  connected: number;
  failed: { id: string; detail: string }[];
}

export function summaryOf(outcomes: readonly Outcome[]): Summary {
  const failed = outcomes.flatMap(({ external_id: id, account, problem }) =>
    account ? [] : [{ id, detail: problem?.detail ?? "The server did not say why." }],
  );
  return { connected: outcomes.length - failed.length, failed };
}

export const accountsOf = (count: number): string => `${count} ${count === 1 ? "account" : "accounts"}`;
