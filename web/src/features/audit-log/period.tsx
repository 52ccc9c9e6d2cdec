/** From which day until which. */
import { serverNow } from "@/lib/clock";
import { formatDate } from "@/lib/format";
import { Button } from "@/ui/button";
import { DateField } from "@/ui/date-field";

import { dayOf, type Filter } from "./filter";

export function periodOf({ from, until }: Filter): string | undefined {
  const [first, last] = [from, until].map((day) => day && formatDate(`${day}T00:00`));
  if (first && last) return first === last ? first : `${first} – ${last}`;
  return first ? `since ${first}` : last && `until ${last}`;
}

interface PeriodProps {
  filter: Filter;
  onChange: (changes: { from?: string; until?: string }) => void;
}

export function Period({ filter: { from = "", until = "" }, onChange }: PeriodProps) {
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
      <DateField label="From" type="date" value={from} counts={isDay} onChange={(from) => onChange({ from })} />
      <DateField
        label="Until"
        type="date"
        counts={isDay}
        value={until}
        onChange={(until) => onChange({ until })}
        error={isTurned ? "This day is before the first one, so nothing fits." : undefined}
      />
    </>
  );
}

/** Nothing here is older. */
const FIRST_DAY = "1970-01-01";

const isDay = (text: string) => text >= FIRST_DAY;
