/** Colour, corners and place of a widget. */
import { useFormContext, useWatch } from "react-hook-form";

import { FormSelect, FormText } from "@/ui/form";

import { ACCENT, isColour, type WidgetValues } from "./widget-values";

const POSITIONS = [
  { value: "right", label: "At the right" },
  { value: "left", label: "At the left" },
];
const MODES = [
  { value: "auto", label: "As the visitor's system says" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];

const checkColour = (text: unknown): true | string =>
  (typeof text === "string" && isColour(text)) || "Write a colour as #0b6e99.";

const checkRadius = (text: unknown): true | string =>
  (typeof text === "string" && /^\d{1,2}$/.test(text.trim()) && Number(text) <= 28) || "0 to 28 pixels.";

export function LookFields() {
  return (
    <div className="grid gap-4 md:grid-cols-2">
      <FormText<WidgetValues>
        name="settings.theme.accent"
        label="Colour"
        hint="Text on it becomes black or white, whichever can be read."
        required
        mono
        dir="ltr"
        spellCheck={false}
        autoComplete="off"
        rules={{ validate: checkColour }}
        suffix={<Swatch />}
      />
      <FormText<WidgetValues>
        name="settings.theme.radius"
        label="Radius of the corners"
        hint="0 to 28 pixels."
        required
        inputMode="numeric"
        rules={{ validate: checkRadius }}
      />
      <FormSelect<WidgetValues> name="settings.theme.position" label="Place" options={POSITIONS} required />
      <FormSelect<WidgetValues> name="settings.theme.mode" label="Light or dark" options={MODES} required />
    </div>
  );
}

/** The system's own way to choose a colour. */
function Swatch() {
  const { control, setValue } = useFormContext<WidgetValues>();
  const accent = useWatch({ control, name: "settings.theme.accent" });
  return (
    <input
      type="color"
      aria-label="Choose the colour"
      value={isColour(accent) ? accent.trim().toLowerCase() : ACCENT}
      onChange={(event) =>
        setValue("settings.theme.accent", event.currentTarget.value, { shouldDirty: true, shouldValidate: true })
      }
      className="me-1 size-7 cursor-pointer rounded-control border border-control bg-surface p-0.5"
    />
  );
}
