/** When somebody is there to answer. */
import { useFormContext, useWatch } from "react-hook-form";

import { FormCombo, FormRadio, FormText } from "@/ui/form";

import { checkSpans, DAYS } from "./hours";
import type { WidgetValues } from "./widget-values";

const WHEN = [
  { value: "always", label: "Always", description: "The offline message is never said." },
  { value: "hours", label: "At certain hours" },
];

const zones = () =>
  Intl.supportedValuesOf("timeZone").map((zone) => ({ value: zone, label: zone.replaceAll("_", " ") }));

export function HoursFields() {
  const { control } = useFormContext<WidgetValues>();
  const when = useWatch({ control, name: "settings.hours" });
  return (
    <>
      <FormRadio<WidgetValues> name="settings.hours" label="When does somebody answer?" options={WHEN} />
      {when === "hours" && (
        <>
          <FormCombo<WidgetValues>
            name="settings.business_hours.time_zone"
            label="Time zone"
            options={zones()}
            required
          />
          <div role="group" aria-label="Hours of each day" className="grid gap-3 md:grid-cols-2">
            {DAYS.map(({ value, label }) => (
              <FormText<WidgetValues>
                key={value}
                name={`settings.business_hours.days.${value}`}
                label={label}
                placeholder="Closed"
                dir="ltr"
                autoComplete="off"
                maxLength={200}
                rules={{ validate: checkSpans }}
              />
            ))}
          </div>
          <p className="text-dense text-muted">
            Such as 09:00–17:00, or 9–12, 13–17. A day without hours is closed; a night is two days: 22–24 and 0–6.
          </p>
        </>
      )}
    </>
  );
}
