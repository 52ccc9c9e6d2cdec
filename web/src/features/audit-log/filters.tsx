/** The row of chips above the log. */
import { useAddressChange } from "@/lib/address";
import { ENTITY_KINDS, titleOf } from "@/lib/audit-words";
import { useCan } from "@/lib/session";
import { ClearAll, FilterChip } from "@/ui/filter-chip";

import { ActorPicker } from "./actor-picker";
import { NAMES, withFilter, type Filter, type LogEntry } from "./filter";
import { useActions, useNameOf } from "./queries";
import { Period, periodOf } from "./period";

interface Props {
  filter: Filter;
  rows: LogEntry[];
}

export function Filters({ filter, rows }: Props) {
  const maySeePeople = useCan("users:read");
  const actorName = useNameOf(filter.actor, rows, maySeePeople);
  const aboutName = useNameOf(filter.about, rows, maySeePeople);
  const set = useAddressChange(withFilter);
  return (
    <>
      <FilterChip
        label="Action"
        value={filter.action}
        options={useActionOptions(filter.action)}
        onChange={(action) => set({ action })}
        onClear={() => set({ action: undefined })}
      />
      {(maySeePeople || filter.actor) && (
        <FilterChip label="Who" value={actorName} onClear={() => set({ actor: undefined })}>
          {(close) =>
            maySeePeople && (
              <ActorPicker
                onPick={(actor) => {
                  set({ actor });
                  close();
                }}
              />
            )
          }
        </FilterChip>
      )}
      <FilterChip
        label="Kind"
        value={filter.kind}
        options={KINDS}
        onChange={(kind) => set({ kind })}
        onClear={() => set({ kind: undefined })}
      />
      {filter.about && (
        <FilterChip label="About" value={aboutName} onClear={() => set({ about: undefined })}>
          <p className="wrap-anywhere text-muted">Only entries about {filter.about}.</p>
        </FilterChip>
      )}
      <FilterChip label="When" value={periodOf(filter)} onClear={() => set({ from: undefined, until: undefined })}>
        <Period filter={filter} onChange={set} />
      </FilterChip>
      <ClearAll
        count={NAMES.filter((name) => filter[name]).length}
        onClear={() => set(Object.fromEntries(NAMES.map((name) => [name, undefined])))}
      />
    </>
  );
}

const KINDS = Object.entries(ENTITY_KINDS).map(([value, label]) => ({ value, label }));

/** What occurs in the log, under what it has in common. */
function useActionOptions(chosen: string | undefined) {
  const actions = useActions(true);
  const groups = new Map<string, string[]>();
  for (const action of actions) {
    const group = `${action.split(".")[0]}.`;
    groups.set(group, [...(groups.get(group) ?? []), action]);
  }
  const values = [...groups].flatMap(([group, members]) => (members.length > 1 ? [group, ...members] : members));
  if (chosen && !values.includes(chosen)) values.unshift(chosen);
  return values.map((value) => ({ value, label: titleOf(value) }));
}
