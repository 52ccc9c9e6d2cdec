/** Who did what, when and from where; readable, filtered in the URL, provably unaltered. */
import { ArrowUp, ScrollText } from "lucide-react";
import { useMemo, useState } from "react";
import { useSearchParams } from "react-router";

import { formatNumber } from "@/lib/format";
import { useCan } from "@/lib/session";
import { useShortcuts } from "@/lib/shortcuts";
import { Button } from "@/ui/button";
import { Page } from "@/ui/page";
import { EmptyState, ErrorState, NoPermission, ProblemAlert } from "@/ui/problem";
import { DataTable } from "@/ui/table";
import { useMedia } from "@/ui/use-media";

import { ChainState } from "./chain";
import { cardOf, columnsFor } from "./columns";
import { EntryPanel } from "./entry-panel";
import { ExportMenu } from "./export-menu";
import { filterOf, NAMES, withFilter, type Filter } from "./filter";
import { Filters } from "./filters";
import { COUNTED, readNewest, useEntries, useNewCount } from "./queries";

const TITLE = "Audit log";

export function Component() {
  const mayRead = useCan("audit:read");
  if (mayRead) return <AuditLog />;
  return (
    <Page title={TITLE}>
      <NoPermission what="see the audit log" />
    </Page>
  );
}

function AuditLog() {
  const mayExport = useCan("audit:export");
  const [search] = useSearchParams();
  const filter = useMemo(() => filterOf(search), [search]);
  const entries = useEntries(filter, true);
  const newest = entries.isPlaceholderData ? undefined : entries.rows[0]?.seq;
  return (
    <Page
      title={TITLE}
      actions={mayExport && <ExportMenu filter={filter} newest={newest} />}
      filters={<Filters filter={filter} rows={entries.rows} />}
    >
      <ChainState />
      <News filter={filter} newest={entries.isSuccess && !entries.isPlaceholderData ? (newest ?? 0) : undefined} />
      <List filter={filter} entries={entries} />
    </Page>
  );
}

/** Says what came meanwhile, and lets the reader decide when the list moves. */
function News({ filter, newest }: { filter: Filter; newest: number | undefined }) {
  const count = useNewCount(filter, newest, newest !== undefined);
  const [isReading, setIsReading] = useState(false);
  const show = async () => {
    setIsReading(true);
    await readNewest(filter).finally(() => setIsReading(false));
  };
  useShortcuts("Audit log", count > 0 ? [{ keys: "r", does: "Show new entries", run: () => void show() }] : []);
  const figure = count >= COUNTED ? `More than ${formatNumber(COUNTED - 1)}` : formatNumber(count);
  return (
    <div role="status" className="sticky top-3 z-20 -mt-4 flex h-0 -translate-y-2 justify-center">
      {count > 0 && (
        <Button
          size="sm"
          icon={ArrowUp}
          loading={isReading}
          className="rounded-full bg-raised shadow-md"
          onClick={() => void show()}
        >
          {`${figure} new ${count === 1 ? "entry" : "entries"}`}
        </Button>
      )}
    </div>
  );
}

function List({ filter, entries }: { filter: Filter; entries: ReturnType<typeof useEntries> }) {
  const isRoomy = useMedia("(width >= 1400px)");
  const columns = useMemo(() => columnsFor(isRoomy), [isRoomy]);
  const [search, setSearch] = useSearchParams();
  const opened = Number(search.get("entry")) || undefined;
  const { rows, error, isPending, isPlaceholderData, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } =
    entries;
  const addressOf = (seq: number) => {
    const next = new URLSearchParams(search);
    next.set("entry", String(seq));
    return `?${next.toString()}`;
  };
  const open = (seq: number | undefined) =>
    setSearch(seq === undefined ? withFilter(search, {}) : addressOf(seq), { replace: true });
  return (
    <>
      {error && rows.length > 0 && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      {error && rows.length === 0 ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : rows.length === 0 && !isPending ? (
        <Nothing filter={filter} />
      ) : (
        <DataTable
          label="Audit log"
          storageKey="audit-log"
          rows={rows}
          columns={columns}
          rowKey={({ seq }) => String(seq)}
          rowHref={({ seq }) => addressOf(seq)}
          selected={opened === undefined ? null : String(opened)}
          loading={isPending || isPlaceholderData}
          fetchNextPage={fetchNextPage}
          hasNextPage={hasNextPage}
          isFetchingNextPage={isFetchingNextPage}
          cards={cardOf}
        />
      )}
      <EntryPanel seq={opened} rows={rows} onOpen={open} />
    </>
  );
}

function Nothing({ filter }: { filter: Filter }) {
  const [, setSearch] = useSearchParams();
  if (!NAMES.some((name) => filter[name])) {
    return (
      <EmptyState
        icon={ScrollText}
        title="Nothing has happened yet"
        text="Whatever people and programs do in this workspace is written here, for good."
      />
    );
  }
  return (
    <EmptyState
      icon={ScrollText}
      title="No entry fits"
      text="Nothing in the log has all that the filters ask for."
      action={<Button onClick={() => setSearch({})}>Clear all filters</Button>}
    />
  );
}
