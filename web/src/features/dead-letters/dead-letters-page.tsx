/** Work that was given up: looked at, tried again, or closed for a reason. */
import { MailCheck, MailWarning } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { useSearchParams } from "react-router";

import { useCan } from "@/lib/session";
import { Button } from "@/ui/button";
import { ListNews } from "@/ui/list-news";
import { Page } from "@/ui/page";
import { EmptyState, ErrorState, NoPermission, ProblemAlert } from "@/ui/problem";
import { useIsPhone } from "@/ui/use-media";

import { Counts } from "./counts";
import { DiscardDialog } from "./discard-dialog";
import { countOf, filterOf, NAMES, withFilter, type Filter } from "./filter";
import { Filters } from "./filters";
import { LetterPanel } from "./letter-panel";
import { LetterTable } from "./letter-table";
import type { Order } from "./orders";
import { IDS_AT_ONCE, useCounts, useLetters } from "./queries";
import { ReplayDialog } from "./replay-dialog";
import { pick, usePicked } from "./selection";
import { AllActions, PickedBar } from "./toolbar";

const TITLE = "Dead letters";

export function Component() {
  const mayRead = useCan("work:read");
  if (mayRead) return <DeadLetters />;
  return (
    <Page title={TITLE}>
      <NoPermission what="see dead letters" />
    </Page>
  );
}

function DeadLetters() {
  const mayManage = useCan("work:manage");
  const [search] = useSearchParams();
  const filter = useMemo(() => filterOf(search), [search]);
  const letters = useLetters(filter);
  const counts = useCounts().data ?? [];
  const [order, setOrder] = useState<Order>();
  const all = filter.since ? letters.rows.length : countOf(counts, filter);
  const hasAll = mayManage && filter.state === "open" && all > 0;
  const actions = hasAll && <AllActions filter={filter} count={all} onOrder={setOrder} />;
  // Beside them a phone has no room for the title.
  const isPhone = useIsPhone();
  return (
    <Page
      title={TITLE}

      actions={!isPhone && actions}
      filters={<Filters filter={filter} counts={counts} />}
    >
      <Counts counts={counts} filter={filter} />
      {isPhone && actions && <div className="flex flex-wrap gap-2">{actions}</div>}
      <ListNews list={letters} />
      <List filter={filter} letters={letters} mayManage={mayManage} onOrder={setOrder} />
      {order && <OrderDialog order={order} onClose={() => setOrder(undefined)} />}
    </Page>
  );
}

function OrderDialog({ order, onClose }: { order: Order; onClose: () => void }) {
  const done = () => {
    pick([]);
    onClose();
  };
  const Dialog = order.does === "replay" ? ReplayDialog : DiscardDialog;
  return <Dialog order={order} onClose={onClose} onDone={done} />;
}

interface ListProps {
  filter: Filter;
  letters: ReturnType<typeof useLetters>;
  mayManage: boolean;
  onOrder: (order: Order) => void;
}

function List({ filter, letters, mayManage, onOrder }: ListProps) {
  const [search, setSearch] = useSearchParams();
  const { rows, error, isPending, refetch } = letters;
  const picked = usePicked(({ ids }) => ids);
  // Only what is shown and still open; an order names no more than the server takes.
  const ids = rows.flatMap(({ id, state }) => (state === "open" && picked.has(id) ? id : [])).slice(0, IDS_AT_ONCE);
  useEffect(() => () => pick([]), []);
  const open = (id: string | undefined) => {
    const next = withFilter(search, {});
    if (id !== undefined) next.set("letter", id);
    setSearch(next, { replace: true });
  };
  return (
    <>
      {error && rows.length > 0 && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      {ids.length > 0 && <PickedBar ids={ids} onOrder={onOrder} />}
      {error && rows.length === 0 ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : rows.length === 0 && !isPending ? (
        <Nothing filter={filter} />
      ) : (
        <LetterTable letters={letters} mayManage={mayManage} onOrder={onOrder} />
      )}
      <LetterPanel id={search.get("letter") ?? undefined} rows={rows} onOpen={open} onOrder={onOrder} />
    </>
  );
}

function Nothing({ filter }: { filter: Filter }) {
  const [, setSearch] = useSearchParams();
  if (filter.state !== "open" || NAMES.some((name) => name !== "state" && filter[name])) {
    return (
      <EmptyState
        icon={MailWarning}
        title="No dead letter fits"
        text="There is none that has all that the filters ask for."
        action={<Button onClick={() => setSearch({})}>Clear all filters</Button>}
      />
    );
  }
  return (
    <EmptyState
      icon={MailCheck}
      title="No dead letters, which is good"
      text="A job that fails again and again is given up and waits here, with all that is known of it, until somebody replays or discards it. At the moment there is none."
      action={<Button onClick={() => setSearch({ state: "any" })}>Show those that were settled</Button>}
    />
  );
}
