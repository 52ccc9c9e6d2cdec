/** Which events an endpoint gets: every one, whole groups, or single ones, found by searching. */
import { useState } from "react";
import { useController, useFormContext, useWatch } from "react-hook-form";

import { formatNumber } from "@/lib/format";
import { SearchField } from "@/ui/field";
import { CheckField, CheckGroup } from "@/ui/field-choice";
import { FormRadio } from "@/ui/form";
import { useShownName } from "@/ui/form-context";
import { ProblemAlert } from "@/ui/problem";
import { Delayed, SkeletonText } from "@/ui/skeleton";

import { countOf, found, groupsOf, withGroup, type EventGroup } from "./choices";
import type { EndpointValues } from "./endpoint-dialog";
import { useWebhookEvents, type WebhookEvent } from "./queries";

const PRESETS = [
  { value: "*", label: "Every event", description: "Also those that later versions add." },
  { value: "chosen", label: "Only what I choose" },
];

const NONE: WebhookEvent[] = [];

export function EventPicker() {
  const preset = useWatch<EndpointValues, "preset">({ name: "preset" });
  return (
    <>
      <FormRadio<EndpointValues> name="preset" label="Which events?" options={PRESETS} required />
      {preset === "chosen" && <Choices />}
    </>
  );
}

function Choices() {
  const { data: events = NONE, error: failure, isPending, refetch } = useWebhookEvents();
  const [search, setSearch] = useState("");
  const { control } = useFormContext<EndpointValues>();
  useShownName("events");
  const {
    field: { value: choices, onChange, ref },
    fieldState,
  } = useController({
    control,
    name: "events",
    rules: { validate: (choices) => choices.length > 0 || "Choose at least one." },
  });
  const groups = groupsOf(events);
  const shown = found(groups, search);
  const count = countOf(groups, choices);
  return (
    <div className="flex flex-col gap-3 rounded-card border border-border p-3">
      <SearchField label="Search events" placeholder="Search events" value={search} onChange={setSearch} ref={ref} />
      <p role="status" className="text-dense text-muted">
        {count === 0
          ? "No event is chosen."
          : `${formatNumber(count)} ${count === 1 ? "event is" : "events are"} chosen.`}
      </p>
      {fieldState.error?.message && (
        <p role="alert" className="text-dense text-danger-text">
          {fieldState.error.message}
        </p>
      )}
      {failure && events === NONE && <ProblemAlert error={failure} onRetry={() => void refetch()} />}
      {isPending && (
        <Delayed>
          <SkeletonText lines={6} />
        </Delayed>
      )}
      {shown.map((group) => (
        <Group key={group.noun} group={group} choices={choices} onChange={onChange} />
      ))}
      {events !== NONE && shown.length === 0 && <p className="text-muted">No event is called that.</p>}
    </div>
  );
}

interface GroupProps {
  group: EventGroup;
  choices: string[];
  onChange: (choices: string[]) => void;
}

function Group({ group, choices, onChange }: GroupProps) {
  const whole = choices.includes(group.all);
  return (
    <fieldset className="flex min-w-0 flex-col gap-1 border-t border-border pt-3">
      <legend className="sr-only">{group.title}</legend>
      <CheckField
        label={`All of ${group.title}`}
        hint={<span className="font-mono">{group.all}</span>}
        checked={whole}
        onChange={(on) => onChange(withGroup(choices, group, on))}
      />
      {!whole && (
        <CheckGroup
          label={group.title}
          hideLabel
          className="ps-6.5"
          options={group.events.map(({ name, summary }) => ({ value: name, label: summary, description: name }))}
          values={choices}
          onChange={onChange}
        />
      )}
    </fieldset>
  );
}
