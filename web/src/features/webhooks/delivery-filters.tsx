/** The row of chips above the deliveries. */
import { useState } from "react";
import { useSearchParams } from "react-router";

import { serverNow } from "@/lib/clock";
import { formatDateTime } from "@/lib/format";
import { Button } from "@/ui/button";
import { TextField } from "@/ui/field";
import { FilterChip } from "@/ui/filter-chip";

import { localText, momentOf, NAMES, STATES, withParams, type DeliveryFilter } from "./delivery-filter";
import { useWebhookEvents } from "./queries";

const SPANS = [
  { label: "Last hour", ms: 3_600_000 },
  { label: "Last 24 hours", ms: 86_400_000 },
  { label: "Last 7 days", ms: 7 * 86_400_000 },
];

export function DeliveryFilters({ filter }: { filter: DeliveryFilter }) {
  const [, setSearch] = useSearchParams();
  // From the address itself: what this was drawn with may be a step behind.
  const set = (changes: Record<string, string | undefined>) =>
    setSearch(withParams(new URLSearchParams(location.search), changes), { replace: true });
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
      {NAMES.filter((name) => filter[name]).length > 1 && (
        <Button
          size="sm"
          variant="ghost"
          onClick={() => set(Object.fromEntries(NAMES.map((name) => [name, undefined])))}
        >
          Clear all
        </Button>
      )}
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
      <MomentField label="From" value={from} onChange={(from) => onChange({ from })} />
      <MomentField
        label="Before"
        value={until}
        onChange={(until) => onChange({ until })}
        error={isTurned ? "This is not after the beginning, so nothing fits." : undefined}
      />
    </>
  );
}

interface MomentProps {
  label: string;
  value: string;
  onChange: (text: string) => void;
  error?: string | undefined;
}

/** Whoever types 2026 has typed the year 2 first: what is not a moment yet stays in the field only. */
function MomentField({ value, onChange, ...props }: MomentProps) {
  const [typed, setTyped] = useState(value);
  const [applied, setApplied] = useState(value);
  if (applied !== value) {
    setApplied(value);
    setTyped(value);
  }
  const type = (text: string) => {
    setTyped(text);
    if (text === "" || momentOf(text)) onChange(text);
  };
  return <TextField {...props} type="datetime-local" value={typed} onChange={type} />;
}
