/** What visitors are asked before their first message, and what they agree to. */
import { Plus, Trash2 } from "lucide-react";
import { useFieldArray, useFormContext } from "react-hook-form";

import { Button, IconButton } from "@/ui/button";
import { Disclosure } from "@/ui/disclosure";
import { FormCheck, FormSelect, FormText } from "@/ui/form";

import type { WidgetValues } from "./widget-values";

const ASKS = [
  { value: "no", label: "Not asked" },
  { value: "optional", label: "May be left empty" },
  { value: "required", label: "Has to be filled in" },
];

/** With name and e-mail the server takes ten. */
const MOST = 8;

export function PreChatFields() {
  return (
    <>
      <div className="grid gap-4 md:grid-cols-2">
        <FormSelect<WidgetValues> name="settings.ask_name" label="Name of the visitor" options={ASKS} required />
        <FormSelect<WidgetValues> name="settings.ask_email" label="E-mail" options={ASKS} required />
      </div>
      <Questions />
      <Consent />
    </>
  );
}

function Questions() {
  const { control } = useFormContext<WidgetValues>();
  const { fields, append, remove } = useFieldArray({ control, name: "settings.pre_chat.fields" });
  return (
    <div role="group" aria-label="Other questions" className="flex flex-col gap-3">
      {fields.map(({ id }, index) => (
        <div key={id} className="flex flex-wrap items-end gap-x-3 gap-y-2">
          <FormText<WidgetValues>
            name={`settings.pre_chat.fields.${index}.label`}
            label={`Question ${index + 1}`}
            placeholder="Order number"
            required
            maxLength={100}
            className="flex-1 basis-48"
          />
          <FormCheck<WidgetValues> name={`settings.pre_chat.fields.${index}.required`} label="Has to be filled in" />
          <IconButton label={`Remove question ${index + 1}`} icon={Trash2} onClick={() => remove(index)} />
        </div>
      ))}
      {fields.length < MOST && (
        <Button
          size="sm"
          icon={Plus}
          className="self-start"
          onClick={() => append({ name: "", label: "", required: false })}
        >
          Add a question
        </Button>
      )}
    </div>
  );
}

function Consent() {
  const { formState } = useFormContext<WidgetValues>();
  return (
    <Disclosure title="Consent" mustOpen={formState.errors.settings?.pre_chat?.consent !== undefined}>
      <FormText<WidgetValues>
        name="settings.pre_chat.consent.text"
        label="Text to agree to"
        hint="Visitors tick it before they write; what they agreed to is kept with the time. Left empty, nothing is asked."
        placeholder="I agree that my data is used to answer me."
        multiline
        rows={2}
        maxLength={1000}
      />
      <FormText<WidgetValues>
        name="settings.pre_chat.consent.url"
        label="Link to read more"
        placeholder="https://example.com/privacy"
        inputMode="url"
        dir="ltr"
        autoComplete="off"
        maxLength={2000}
      />
    </Disclosure>
  );
}
