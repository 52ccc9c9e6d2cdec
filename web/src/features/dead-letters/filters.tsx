/** The row of chips above the letters. */
import { useAddressChange } from "@/lib/address";
import { formatNumber } from "@/lib/format";
import { jobOf, queueOf, reasonOf } from "@/lib/work-words";
import { ClearAll, FilterChip } from "@/ui/filter-chip";

import { NAMES, PERIODS, STATES, withFilter, type Count, type Filter } from "./filter";

interface Props {
  filter: Filter;
  counts: readonly Count[];
}

export function Filters({ filter, counts }: Props) {
  const set = useAddressChange(withFilter);
  const chip = (name: "kind" | "reason" | "queue", label: string, say: (value: string) => string) => (
    <FilterChip
      label={label}
      value={filter[name]}
      options={optionsOf(counts, name, filter[name], say)}
      onChange={(value) => set({ [name]: value })}
      onClear={() => set({ [name]: undefined })}
    />
  );
  const isSet = NAMES.filter((name) => name !== "state" && filter[name]).length + (filter.state === "open" ? 0 : 1);
  return (
    <>
      <FilterChip
        label="State"
        value={filter.state === "open" ? undefined : filter.state}
        options={STATES}
        onChange={(state) => set({ state })}
        onClear={() => set({ state: undefined })}
      />
      {chip("kind", "What", jobOf)}
      {chip("reason", "Reason", reasonOf)}
      {chip("queue", "Queue", queueOf)}
      <FilterChip
        label="When"
        value={filter.since}
        options={[...PERIODS]}
        onChange={(since) => set({ since })}
        onClear={() => set({ since: undefined })}
      />
      <ClearAll count={isSet} onClear={() => set(Object.fromEntries(NAMES.map((name) => [name, undefined])))} />
    </>
  );
}

/** What there is to choose from, with how many are open; what was chosen stays, though there may be none any more. */
function optionsOf(
  counts: readonly Count[],
  name: "kind" | "reason" | "queue",
  chosen: string | undefined,
  say: (value: string) => string,
) {
  const found = new Map<string, number>();
  for (const one of counts) found.set(one[name], (found.get(one[name]) ?? 0) + one.count);
  if (chosen && !found.has(chosen)) found.set(chosen, 0);
  return [...found].map(([value, count]) => ({ value, label: `${say(value)} (${formatNumber(count)})` }));
}
