/** The list of conversations with its filters. */
import { Inbox, Search } from "lucide-react";
import { useRef } from "react";
import { useSearchParams } from "react-router";

import { useAddressChange } from "@/lib/address";
import { formatNumber } from "@/lib/format";
import { useHasOnlyOwn } from "@/lib/session";
import { useShortcuts } from "@/lib/shortcuts";
import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { usePageTitle } from "@/ui/page";
import { EmptyState, ErrorState, ProblemAlert } from "@/ui/problem";
import { SearchParamField } from "@/ui/search-param-field";

import { ConversationList } from "./conversation-list";
import { isUsual, NAMES, withFilter, type Filter } from "./filter";
import { Filters } from "./filters";
import { QuickViews } from "./quick-views";
import { useConversations, useCounts } from "./queries";
import { Views } from "./views";

interface Props {
  filter: Filter;
  opened: string | undefined;
  className?: string;
}

export function ListPane({ filter, opened, className }: Props) {
  const search = useRef<HTMLInputElement>(null);
  const { data: counts } = useCounts();
  useShortcuts("Inbox", [{ keys: "/", does: "Search conversations", run: () => search.current?.focus() }]);
  return (
    <section
      aria-label="Conversations"
      className={cx("flex w-full min-w-0 shrink-0 flex-col border-border md:w-80 md:border-e lg:w-96", className)}
    >
      {!opened && <Title unread={counts?.unread ?? 0} />}
      <header className="flex shrink-0 flex-col gap-2 border-b border-border px-3 pt-2 pb-2">
        <div className="flex min-h-9 items-center gap-2">
          <h1 className="min-w-0 flex-1 truncate text-title font-semibold">Inbox</h1>
          <Views filter={filter} />
        </div>
        <QuickViews filter={filter} counts={counts} />
        <SearchParamField ref={search} param="q" label="Search conversations" placeholder="Words or a name" />
        <div className="flex flex-wrap items-center gap-1.5">
          <Filters filter={filter} />
        </div>
      </header>
      <List filter={filter} opened={opened} />
    </section>
  );
}

function Title({ unread }: { unread: number }) {
  usePageTitle(unread > 0 ? `Inbox (${formatNumber(unread)})` : "Inbox");
  return null;
}

function List({ filter, opened }: Pick<Props, "filter" | "opened">) {
  const list = useConversations(filter);
  const { rows, error, isPending, isPlaceholderData, refetch } = list;
  const retry = () => void refetch();
  const isEmpty = rows.length === 0 && !isPending && !isPlaceholderData;
  return (
    <div data-scroll-region className="min-h-0 flex-1 overflow-y-auto overscroll-contain">
      <div className="flex min-h-full flex-col">
        {error && rows.length > 0 && <ProblemAlert error={error} onRetry={retry} className="m-2" />}
        {error && rows.length === 0 ? (
          <ErrorState error={error} onRetry={retry} />
        ) : isEmpty ? (
          <Nothing filter={filter} />
        ) : (
          <ConversationList list={list} opened={opened} />
        )}
      </div>
    </div>
  );
}

function Nothing({ filter }: { filter: Filter }) {
  const [search] = useSearchParams();
  const set = useAddressChange(withFilter);
  const hasOnlyOwn = useHasOnlyOwn();
  if (filter.q !== undefined) {
    return (
      <EmptyState
        icon={Search}
        title="Nothing was found"
        text={
          <>
            No conversation that the filters let through has “<bdi>{search.get("q")}</bdi>” in a message or a name.
          </>
        }
        action={<Button onClick={() => set({ q: undefined, status: "any" })}>Show all conversations</Button>}
      />
    );
  }
  if (isUsual(filter)) {
    return (
      <EmptyState
        icon={Inbox}
        title={hasOnlyOwn ? "Nothing is yours at the moment" : "Nobody waits"}
        text={
          hasOnlyOwn
            ? "Conversations assigned to you appear here. None of them is open."
            : "What people write to your connected accounts appears here within a second. Nothing is open at the moment."
        }
        action={<Button onClick={() => set({ status: "any" })}>Show all conversations</Button>}
      />
    );
  }
  return (
    <EmptyState
      icon={Inbox}
      title="No conversation fits"
      text="There is none that has all that the filters ask for."
      action={
        <Button onClick={() => set(Object.fromEntries(NAMES.map((name) => [name, undefined])))}>
          Clear all filters
        </Button>
      }
    />
  );
}
