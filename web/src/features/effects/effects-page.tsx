/** The ledger of outside actions: what was done to other systems, and how it ended. */
import { Send } from "lucide-react";
import { useMemo } from "react";
import { useSearchParams } from "react-router";

import { useAddressChange } from "@/lib/address";
import { useCan } from "@/lib/session";
import { effectOf } from "@/lib/work-words";
import { Button } from "@/ui/button";
import { FilterChip } from "@/ui/filter-chip";
import { ListNews } from "@/ui/list-news";
import { Page } from "@/ui/page";
import { EmptyState, ErrorState, NoPermission, ProblemAlert } from "@/ui/problem";
import { DataTable } from "@/ui/table";

import { ActPanel } from "./act-panel";
import { cardOf, COLUMNS } from "./columns";
import { filterOf, STATES, withFilter, type Filter } from "./filter";
import { useActs } from "./queries";

const TITLE = "Outside actions";

export function Component() {
  const mayRead = useCan("work:read");
  if (mayRead) return <Effects />;
  return (
    <Page title={TITLE}>
      <NoPermission what="see what was done to other systems" />
    </Page>
  );
}

function Effects() {
  const [search, setSearch] = useSearchParams();
  const filter = useMemo(() => filterOf(search), [search]);
  const acts = useActs(filter);
  const { rows, error, isPending, refetch } = acts;
  const addressOf = (id: string) => {
    const next = new URLSearchParams(search);
    next.set("act", id);
    return `?${next.toString()}`;
  };
  return (
    <Page
      title={TITLE}

      filters={<Filters filter={filter} kinds={rows.map(({ kind }) => kind)} />}
    >
      <ListNews list={acts} />
      {error && rows.length > 0 && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      {error && rows.length === 0 ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : rows.length === 0 && !isPending ? (
        <Nothing filter={filter} />
      ) : (
        <DataTable
          label={TITLE}
          storageKey="effects"
          rows={rows}
          columns={COLUMNS}
          rowKey={({ id }) => id}
          rowHref={({ id }) => addressOf(id)}
          selected={search.get("act")}
          loading={isPending || acts.isPlaceholderData}
          fetchNextPage={acts.fetchNextPage}
          hasNextPage={acts.hasNextPage}
          isFetchingNextPage={acts.isFetchingNextPage}
          cards={cardOf}
        />
      )}
      <ActPanel
        id={search.get("act") ?? undefined}
        onClose={() => setSearch(withFilter(search, {}), { replace: true })}
      />
    </Page>
  );
}

const OPTIONS = Object.entries(STATES).map(([value, { label }]) => ({ value, label }));

function Filters({ filter, kinds }: { filter: Filter; kinds: string[] }) {
  const set = useAddressChange(withFilter);
  const found = new Set(filter.kind ? [filter.kind, ...kinds] : kinds);
  return (
    <>
      <FilterChip
        label="State"
        value={filter.state}
        options={OPTIONS}
        onChange={(state) => set({ state })}
        onClear={() => set({ state: undefined })}
      />
      {found.size > 0 && (
        <FilterChip
          label="What"
          value={filter.kind}
          options={[...found].map((value) => ({ value, label: effectOf(value) }))}
          onChange={(kind) => set({ kind })}
          onClear={() => set({ kind: undefined })}
        />
      )}
      {filter.about_id && (
        <FilterChip
          label="For"
          value={filter.about_id}
          onClear={() => set({ about_kind: undefined, about_id: undefined })}
        >
          <p className="wrap-anywhere text-muted">Only what was done for {filter.about_id}.</p>
        </FilterChip>
      )}
    </>
  );
}

function Nothing({ filter }: { filter: Filter }) {
  const [, setSearch] = useSearchParams();
  if (Object.keys(filter).length > 0) {
    return (
      <EmptyState
        icon={Send}
        title="No outside action fits"
        text="Nothing was done to other systems that has all that the filters ask for."
        action={<Button onClick={() => setSearch({})}>Clear all filters</Button>}
      />
    );
  }
  return (
    <EmptyState
      icon={Send}
      title="Nothing was done to other systems yet"
      text="Whatever this workspace sends to another system, such as a webhook or a message, is written here before it leaves, and then how it ended."
    />
  );
}
