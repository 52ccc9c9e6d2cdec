/** Which conversations are shown: kept in the URL, sent to the server, saved as a view. */
import { withParams, type Changes } from "@/lib/address";
import type { Schemas } from "@/lib/api";

import { waitingOf } from "./waiting";
import { PLATFORMS, type Platform } from "./words";

export type Conversation = Schemas["Conversation"];
export type Status = Schemas["ConversationStatus"];
export type ViewFilter = Schemas["ConversationFilter"];
export type Sla = Schemas["ConversationSla"];

export interface Filter {
  status: Status | "any";
  channel?: Platform;
  account?: string;
  /** `me`, `none`, or the id of a user. */
  assignee?: string;
  unread?: true;
  waiting?: true;
  sla?: Sla;
  q?: string;
}

export const NAMES = ["status", "channel", "account", "assignee", "unread", "waiting", "sla", "q"] as const;
type Name = (typeof NAMES)[number];

export const STATUSES: { value: Status | "any"; label: string }[] = [
  { value: "open", label: "Open" },
  { value: "snoozed", label: "Put off" },
  { value: "closed", label: "Closed" },
  { value: "any", label: "All" },
];

export const SLAS: { value: Sla; label: string }[] = [
  { value: "due_soon", label: "Due soon" },
  { value: "overdue", label: "Overdue" },
];

const LONGEST_SEARCH = 200;
const ACCOUNT = /^chan_[0-9a-z]{26}$/;
const ASSIGNEE = /^(me|none|usr_[0-9a-z]{26})$/;

/** The filter that an address holds; what is none, such as a channel that there is not, is left out. */
export function filterOf(search: URLSearchParams): Filter {
  const channel = PLATFORMS.find((platform) => platform === search.get("channel"));
  const account = search.get("account") ?? "";
  const assignee = search.get("assignee") ?? "";
  const sla = SLAS.find(({ value }) => value === search.get("sla"))?.value;
  const q = search.get("q")?.trim().slice(0, LONGEST_SEARCH);
  return {
    status: STATUSES.find(({ value }) => value === search.get("status"))?.value ?? "open",
    ...(channel && { channel }),
    ...(ACCOUNT.test(account) && { account }),
    ...(ASSIGNEE.test(assignee) && { assignee }),
    ...(search.get("unread") === "1" && { unread: true }),
    ...(search.get("waiting") === "1" && { waiting: true }),
    ...(sla && { sla }),
    ...(q && { q }),
  };
}

/** The address with this part of the filter set, or dropped. */
export function withFilter(search: URLSearchParams, changes: Changes<Name>): URLSearchParams {
  const isUsual = changes.status === "open";
  return withParams(search, { ...changes, ...(isUsual && { status: undefined }) });
}

/** How many chips are set; the search field speaks for itself. */
export const countOf = ({ status, channel, account, assignee, unread, waiting, sla }: Filter): number =>
  [status !== "open", channel, account, assignee, unread, waiting, sla].filter(Boolean).length;

export const isUsual = (filter: Filter): boolean => countOf(filter) === 0 && filter.q === undefined;

/** As the server wants it. */
export function queryOf({ status, channel, account, assignee, unread, waiting, sla, q }: Filter) {
  return {
    ...(status !== "any" && { status }),
    ...(channel && { platform: channel }),
    ...(account && { account_id: account }),
    ...(assignee && { assignee }),
    ...(unread && { unread }),
    ...(waiting && { awaiting: waiting }),
    ...(sla && { sla }),
    ...(q && { q }),
  };
}

/** What a saved view keeps. Whoever saves "mine" means their own, also in a view that others see. */
export function viewOf(
  { status, channel, account, assignee, unread, waiting, sla, q }: Filter,
  me: string,
): ViewFilter {
  const user = assignee === "me" ? me : assignee;
  return {
    status: status === "any" ? null : status,
    platform: channel ?? null,
    account: account ?? null,
    assignee: user === undefined ? null : user === "none" ? "nobody" : { user },
    is_unread: unread ?? false,
    is_awaiting: waiting ?? false,
    sla: sla ?? null,
    q: q ?? null,
  };
}

/** The address of a saved view. */
export function searchOf(view: ViewFilter, me: string): URLSearchParams {
  const { assignee } = view;
  const user = typeof assignee === "object" ? assignee?.user : undefined;
  return withFilter(new URLSearchParams(), {
    status: view.status ?? "any",
    channel: view.platform ?? undefined,
    account: view.account ?? undefined,
    assignee: assignee === "nobody" ? "none" : user === me ? "me" : user,
    unread: view.is_unread ? "1" : undefined,
    waiting: view.is_awaiting ? "1" : undefined,
    sla: view.sla ?? undefined,
    q: view.q ?? undefined,
  });
}

/** Whether two filters ask for the same. */
export const isSame = (one: Filter, other: Filter): boolean =>
  JSON.stringify(queryOf(one)) === JSON.stringify(queryOf(other));

/** Whether a conversation still belongs into the list; whether it matches a search only the server knows. */
export function fits(filter: Filter, conversation: Conversation, me: string, now: Date): boolean {
  const { status, channel, account, assignee, unread, waiting, sla } = filter;
  const owner = conversation.assignee_id ?? "none";
  return (
    (status === "any" || conversation.status === status) &&
    (!channel || conversation.platform === channel) &&
    (!account || conversation.account_id === account) &&
    (!assignee || owner === (assignee === "me" ? me : assignee)) &&
    (!unread || conversation.unread_count > 0) &&
    (!waiting || Boolean(conversation.awaiting_since)) &&
    (!sla || (conversation.status === "open" && waitingOf(conversation, now)?.sla === sla))
  );
}
