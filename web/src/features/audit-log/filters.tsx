/** The row of chips above the log. */
import { useSearchParams } from "react-router";

import { formatDate } from "@/lib/format";
import { serverNow } from "@/lib/clock";
import { useCan } from "@/lib/session";
import { ENTITY_KINDS, entityOf, titleOf } from "@/lib/audit-words";
import { Button } from "@/ui/button";
import { TextField } from "@/ui/field";
import { FilterChip } from "@/ui/filter-chip";

import { ActorPicker } from "./actor-picker";
import { dayOf, NAMES, withFilter, type Filter, type LogEntry } from "./filter";
import { useActions, useActorName } from "./queries";

interface Props {
  filter: Filter;
  rows: LogEntry[];
}

export function Filters({ filter, rows }: Props) {
  const [, setSearch] = useSearchParams();
  const maySeePeople = useCan("users:read");
  const actorName = useActorName(filter.actor, rows, maySeePeople);
  const about = rows.find((row) => row.entity_id === filter.about);
  const set = (changes: Parameters<typeof withFilter>[1]) => setSearch((before) => withFilter(before, changes));
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
        <FilterChip
          label="About"
          value={about ? entityOf(about).name : filter.about}
          onClear={() => set({ about: undefined })}
        >
          <p className="wrap-anywhere text-muted">Only entries about {filter.about}.</p>
        </FilterChip>
      )}
      <FilterChip label="When" value={period(filter)} onClear={() => set({ from: undefined, until: undefined })}>
        <Period filter={filter} onChange={set} />
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

function period({ from, until }: Filter): string | undefined {
  const [first, last] = [from, until].map((day) => day && formatDate(`${day}T00:00`));
  if (first && last) return first === last ? first : `${first} – ${last}`;
  return first ? `since ${first}` : last && `until ${last}`;
}

function Period({
  filter: { from = "", until = "" },
  onChange,
}: {
  filter: Filter;
  onChange: (changes: { from?: string; until?: string }) => void;
}) {
  const today = dayOf(serverNow());
  const isTurned = from !== "" && until !== "" && from > until;
  return (
    <>
      <div className="flex flex-wrap gap-2">
        <Button size="sm" onClick={() => onChange({ from: today, until: today })}>
          Today
        </Button>
        <Button size="sm" onClick={() => onChange({ from: dayOf(serverNow(), 6), until: today })}>
          Last 7 days
        </Button>
        <Button size="sm" onClick={() => onChange({ from: dayOf(serverNow(), 29), until: today })}>
          Last 30 days
        </Button>
      </div>
      <TextField label="From" type="date" value={from} onChange={(from) => onChange({ from })} />
      <TextField
        label="Until"
        type="date"
        value={until}
        onChange={(until) => onChange({ until })}
        error={isTurned ? "This day is before the first one, so nothing fits." : undefined}
      />
    </>
  );
}
