/** The row of chips above the deliveries. */
import { useAddressChange, withParams } from "@/lib/address";
import { serverNow } from "@/lib/clock";
import { formatDateTime } from "@/lib/format";
import { Button } from "@/ui/button";
import { DateField } from "@/ui/date-field";
import { ClearAll, FilterChip } from "@/ui/filter-chip";

import { localText, momentOf, NAMES, STATES, type DeliveryFilter } from "./delivery-filter";
import { useWebhookEvents } from "./queries";

const SPANS = [
  { label: "Last hour", ms: 3_600_000 },
  { label: "Last 24 hours", ms: 86_400_000 },
  { label: "Last 7 days", ms: 7 * 86_400_000 },
];

export function DeliveryFilters({ filter }: { filter: DeliveryFilter }) {
  const set = useAddressChange(withParams, { replace: true });
  return (
    <>
      <FilterChip
        label="State"
        value={filter.state}
        options={[...STATES]}
        onChange={(state) => set({ state })}
        onClear={() => set({ state: undefined })}
      />
      <FilterChip
        label="Event"
        value={filter.event}
        options={useEventOptions(filter.event)}
        onChange={(event) => set({ event })}
        onClear={() => set({ event: undefined })}
      />
      <FilterChip label="When" value={spanOf(filter)} onClear={() => set({ from: undefined, until: undefined })}>
        <Span filter={filter} onChange={set} />
      </FilterChip>
      <ClearAll
        count={NAMES.filter((name) => filter[name]).length}
        onClear={() => set(Object.fromEntries(NAMES.map((name) => [name, undefined])))}
      />
    </>
  );
}

function useEventOptions(chosen: string | undefined) {
  const { data = [] } = useWebhookEvents();
  const names = new Set([...(chosen ? [chosen] : []), ...data.map(({ name }) => name)]);
  return [...names].map((name) => ({ value: name, label: name }));
}

function spanOf({ from, until }: DeliveryFilter): string | undefined {
  const [first, last] = [from && formatDateTime(from), until && formatDateTime(until)];
  if (first && last) return `${first} – ${last}`;
  return first ? `since ${first}` : last && `before ${last}`;
}

const isMoment = (text: string) => momentOf(text) !== undefined;

interface SpanProps {
  filter: DeliveryFilter;
  onChange: (changes: Record<string, string | undefined>) => void;
}

function Span({ filter, onChange }: SpanProps) {
  const { from = "", until = "" } = filter;
  const isTurned = from !== "" && until !== "" && from >= until;
  return (
    <>
      <div className="flex flex-wrap gap-2">
        {SPANS.map(({ label, ms }) => (
          <Button
            key={label}
            size="sm"
            onClick={() => onChange({ from: localText(new Date(serverNow().getTime() - ms)), until: undefined })}
          >
            {label}
          </Button>
        ))}
      </div>
      <DateField
        label="From"
        type="datetime-local"
        value={from}
        counts={isMoment}
        onChange={(from) => onChange({ from })}
      />
      <DateField
        label="Before"
        type="datetime-local"
        counts={isMoment}
        value={until}
        onChange={(until) => onChange({ until })}
        error={isTurned ? "This is not after the beginning, so nothing fits." : undefined}
      />
    </>
  );
}
