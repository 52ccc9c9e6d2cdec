/** From which day until which. */
import { useState } from "react";

import { serverNow } from "@/lib/clock";
import { formatDate } from "@/lib/format";
import { Button } from "@/ui/button";
import { TextField } from "@/ui/field";

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
      <DayField label="From" value={from} onChange={(from) => onChange({ from })} />
      <DayField
        label="Until"
        value={until}
        onChange={(until) => onChange({ until })}
        error={isTurned ? "This day is before the first one, so nothing fits." : undefined}
      />
    </>
  );
}

/** Whoever types 2026 has typed the year 2 first; nothing here is as old as that. */
const FIRST_DAY = "1970-01-01";

interface DayFieldProps {
  label: string;
  value: string;
  onChange: (day: string) => void;
  error?: string | undefined;
}

function DayField({ value, onChange, ...props }: DayFieldProps) {
  const [typed, setTyped] = useState(value);
  const [applied, setApplied] = useState(value);
  if (applied !== value) {
    setApplied(value);
    setTyped(value);
  }
  const type = (day: string) => {
    setTyped(day);
    if (day === "" || day >= FIRST_DAY) onChange(day);
  };
  return <TextField {...props} type="date" value={typed} onChange={type} />;
}
