/** Alerts: what is wrong now, and what was. */
import { BellRing, CircleCheck, Settings } from "lucide-react";
import { useMemo } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router";

import { useAddressChange } from "@/lib/address";
import { formatDateTime } from "@/lib/format";
import { useCan } from "@/lib/session";
import { Button, LinkButton } from "@/ui/button";
import { ClearAll, FilterChip } from "@/ui/filter-chip";
import { ListNews } from "@/ui/list-news";
import { Page } from "@/ui/page";
import { EmptyState, ErrorState, NoPermission, ProblemAlert } from "@/ui/problem";
import { DataTable } from "@/ui/table";

import { cardOf, COLUMNS } from "./alert-columns";
import { AlertPanel } from "./alert-panel";
import { countOf, filterOf, NAMES, STATES, withFilter, type Filter } from "./filter";
import { useAlerts, useRules } from "./queries";
import { ruleOf, SEVERITIES } from "./words";

const TITLE = "Alerts";

export function Component() {
  const mayRead = useCan("alerts:read");
  if (mayRead) return <Alerts />;
  return (
    <Page title={TITLE}>
      <NoPermission what="see alerts" />
    </Page>
  );
}

function Alerts() {
  const { id } = useParams();
  const [search] = useSearchParams();
  const navigate = useNavigate();
  const filter = useMemo(() => filterOf(search), [search]);
  return (
    <Page
      title={TITLE}
      actions={
        <LinkButton to="/settings/alerts" icon={Settings}>
          Rules and targets
        </LinkButton>
      }
      filters={<Filters filter={filter} />}
    >
      <List filter={filter} opened={id} />
      <AlertPanel
        id={id}
        onClose={() => void navigate({ pathname: "/alerts", search: search.toString() }, { replace: true })}
      />
    </Page>
  );
}

function Filters({ filter }: { filter: Filter }) {
  const set = useAddressChange(withFilter);
  const { data: rules } = useRules();
  const names = new Set([...(filter.rule ? [filter.rule] : []), ...(rules?.items.map(({ name }) => name) ?? [])]);
  return (
    <>
      <FilterChip
        label="State"
        value={filter.state === "open" ? undefined : filter.state}
        options={STATES}
        onChange={(state) => set({ state })}
        onClear={() => set({ state: undefined })}
      />
      <FilterChip
        label="Severity"
        value={filter.severity}
        options={[...SEVERITIES]}
        onChange={(severity) => set({ severity })}
        onClear={() => set({ severity: undefined })}
      />
      <FilterChip
        label="Rule"
        value={filter.rule}
        options={[...names].map((value) => ({ value, label: ruleOf(value) }))}
        onChange={(rule) => set({ rule })}
        onClear={() => set({ rule: undefined })}
      />
      <ClearAll
        count={countOf(filter)}
        onClear={() => set(Object.fromEntries(NAMES.map((name) => [name, undefined])))}
      />
    </>
  );
}

function List({ filter, opened }: { filter: Filter; opened: string | undefined }) {
  const [search] = useSearchParams();
  const alerts = useAlerts(filter);
  const { rows, error, isPending, isPlaceholderData, refetch } = alerts;
  if (error && rows.length === 0) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (rows.length === 0 && !isPending && !isPlaceholderData) return <Nothing filter={filter} />;
  const query = search.size > 0 ? `?${search.toString()}` : "";
  return (
    <>
      {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      <ListNews list={alerts} />
      <DataTable
        label={TITLE}
        storageKey="alerts"
        rows={rows}
        columns={COLUMNS}
        rowKey={({ id }) => id}
        rowHref={({ id }) => `/alerts/${id}${query}`}
        selected={opened ?? null}
        loading={isPending || isPlaceholderData}
        fetchNextPage={alerts.fetchNextPage}
        hasNextPage={alerts.hasNextPage}
        isFetchingNextPage={alerts.isFetchingNextPage}
        cards={cardOf}
      />
    </>
  );
}

function Nothing({ filter }: { filter: Filter }) {
  const [, setSearch] = useSearchParams();
  if (countOf(filter) === 0) return <Calm onHistory={() => setSearch({ state: "any" })} />;
  const isAny = filter.state === "any" && countOf(filter) === 1;
  return (
    <EmptyState
      icon={BellRing}
      title={isAny ? "There was no alert yet" : "No alert fits"}
      text={
        isAny ? "No rule was broken for as long as it takes." : "There is none that has all that the filters ask for."
      }
      action={<Button onClick={() => setSearch({})}>{isAny ? "Show only what is open" : "Clear all filters"}</Button>}
    />
  );
}

/** Silence is good news only when somebody has looked. */
function Calm({ onHistory }: { onHistory: () => void }) {
  const { data: rules, isPending } = useRules();
  const looked = rules?.looked_at;
  if (!looked && !isPending) {
    return (
      <EmptyState
        icon={BellRing}
        title="Nobody has looked yet"
        text="The workspace is looked at every half minute while a process with the role for schedules runs."
      />
    );
  }
  return (
    <EmptyState
      icon={CircleCheck}
      title="Nothing is wrong"
      text={<span className="tabular-nums">{looked && `Last looked at ${formatDateTime(looked)}.`}</span>}
      action={<Button onClick={onHistory}>Show what was</Button>}
    />
  );
}
