/** Everything that was sent to an endpoint, as the filters ask for it. */
import { RotateCw, Send } from "lucide-react";
import { useMemo } from "react";
import { useSearchParams } from "react-router";

import { withParams } from "@/lib/address";
import { Button } from "@/ui/button";
import { ListNews } from "@/ui/list-news";
import { Section } from "@/ui/page";
import { EmptyState, ErrorState, ProblemAlert } from "@/ui/problem";
import { DataTable } from "@/ui/table";

import { cardOf, COLUMNS } from "./delivery-columns";
import { filterOf, NAMES, type DeliveryFilter } from "./delivery-filter";
import { DeliveryFilters } from "./delivery-filters";
import { DeliveryPanel } from "./delivery-panel";
import { isDue } from "./due";
import { useDeliveries, type Endpoint } from "./queries";
import { useFresh } from "./use-fresh";

interface Props {
  endpoint: Endpoint;
  onReplayWindow: (() => void) | undefined;
}

export function Deliveries({ endpoint, onReplayWindow }: Props) {
  const [search, setSearch] = useSearchParams();
  const filter = useMemo(() => filterOf(search), [search]);
  const opened = search.get("delivery");
  const button = (
    <Button icon={RotateCw} onClick={onReplayWindow}>
      Send again…
    </Button>
  );
  return (
    <Section title="Deliveries" description="Of the last 30 days." actions={onReplayWindow && button}>
      <div className="flex flex-wrap items-center gap-2">
        <DeliveryFilters filter={filter} />
      </div>
      <List endpoint={endpoint} filter={filter} opened={opened} />
      {opened && (
        <DeliveryPanel
          key={opened}
          id={opened}
          endpoint={endpoint}
          onClose={() => setSearch((before) => withParams(before, { delivery: undefined }), { replace: true })}
        />
      )}
    </Section>
  );
}

interface ListProps {
  endpoint: Endpoint;
  filter: DeliveryFilter;
  opened: string | null;
}

function List({ endpoint, filter, opened }: ListProps) {
  const [search, setSearch] = useSearchParams();
  const deliveries = useDeliveries(endpoint.id, filter);
  const { rows, error, isPending, isPlaceholderData } = deliveries;
  useFresh(endpoint.events, rows.some(isDue));
  if (error && rows.length === 0) return <ErrorState error={error} onRetry={() => void deliveries.refetch()} />;
  if (rows.length === 0 && !isPending && !isPlaceholderData) {
    if (NAMES.every((name) => filter[name] === undefined)) {
      return (
        <EmptyState
          icon={Send}
          title="Nothing was sent yet"
          text="Events that happen from now on appear here. A test event shows at once whether the address works."
        />
      );
    }
    const clear = () =>
      setSearch((before) => withParams(before, Object.fromEntries(NAMES.map((name) => [name, undefined]))));
    return (
      <EmptyState
        icon={Send}
        title="No delivery fits"
        text="None has all that the filters ask for."
        action={<Button onClick={clear}>Clear all filters</Button>}
      />
    );
  }
  return (
    <>
      {error && <ProblemAlert error={error} onRetry={() => void deliveries.refetch()} />}
      <ListNews list={deliveries} />
      <DataTable
        label="Deliveries"
        storageKey="webhook-deliveries"
        rows={rows}
        columns={COLUMNS}
        rowKey={({ id }) => id}
        rowHref={({ id }) => `?${withParams(search, { delivery: id }).toString()}`}
        selected={opened}
        loading={isPending || isPlaceholderData}
        fetchNextPage={deliveries.fetchNextPage}
        hasNextPage={deliveries.hasNextPage}
        isFetchingNextPage={deliveries.isFetchingNextPage}
        cards={cardOf}
      />
    </>
  );
}
