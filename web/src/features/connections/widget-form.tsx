/** How a widget looks and speaks, with a preview beside it. */
import { useLiveForm } from "@/ui/use-live-form";
import { Button } from "@/ui/button";
import { Form, FormSelect, FormText, SubmitButton } from "@/ui/form";
import { Card } from "@/ui/page";
import { toast } from "@/ui/toast";
import { UnsavedGuard } from "@/ui/unsaved-guard";

import { changeWidget, type Widget } from "./queries";
import { HoursFields } from "./widget-hours";
import { LookFields } from "./widget-look";
import { WidgetPreview } from "./widget-preview";
import { PreChatFields } from "./widget-questions";
import { changeOf, valuesOf, type WidgetValues } from "./widget-values";

const AGENT_NAMES = [
  { value: "first", label: "Their first name" },
  { value: "full", label: "Their full name" },
  { value: "none", label: "No name" },
];

export function WidgetForm({ widget, timeZone }: { widget: Widget; timeZone: string }) {
  const form = useLiveForm<WidgetValues>(valuesOf(widget, timeZone));
  const { isDirty } = form.formState;
  const save = async (body: Parameters<typeof changeWidget>[1]) =>
    form.reset(valuesOf(await changeWidget(widget.id, body), timeZone));
  const submit = async (values: WidgetValues) => {
    const { name, settings } = widget;
    await save(changeOf(widget, values));
    toast({
      title: "The widget is changed",
      description: "Pages that show it follow within a minute.",
      tone: "ok",
      undo: () => save({ name, settings }),
    });
  };
  return (
    <Form form={form} onSubmit={submit} aria-label="Widget">
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_22rem]">
        <div className="flex min-w-0 flex-col gap-4">
          <Words />
          <Card title="Hours">
            <HoursFields />
          </Card>
          <Card
            title="Before the first message"
            description="What visitors are asked. The less, the more of them write."
          >
            <PreChatFields />
          </Card>
          <Card title="Looks">
            <LookFields />
          </Card>
          <Card title="Websites">
            <FormText<WidgetValues>
              name="settings.allowed_origins"
              label="Allowed websites"
              hint="One a line, such as https://example.com or https://*.example.com. Left empty, every website may show the widget."
              placeholder="https://example.com"
              multiline
              rows={3}
              dir="ltr"
              spellCheck={false}
              autoComplete="off"
              inputMode="url"
            />
          </Card>
        </div>
        <WidgetPreview />
      </div>
      <div className="sticky bottom-0 z-10 flex flex-wrap items-center justify-end gap-2 border-t border-border bg-surface py-3">
        {isDirty && <Button onClick={() => form.reset()}>Put back</Button>}
        <SubmitButton disabled={!isDirty}>Save</SubmitButton>
      </div>
      <UnsavedGuard dirty={isDirty} what="this widget" />
    </Form>
  );
}

const LONGEST_TEXT = 1000;

function Words() {
  return (
    <Card title="Words">
      <FormText<WidgetValues>
        name="name"
        label="Name"
        hint="Your company or team, as visitors read it."
        required
        maxLength={200}
      />
      <FormText<WidgetValues>
        name="settings.greeting"
        label="Greeting"
        hint="The first line of every conversation. Left empty, there is none."
        multiline
        rows={2}
        maxLength={LONGEST_TEXT}
      />
      <FormText<WidgetValues>
        name="settings.offline_message"
        label="Offline message"
        hint="Said outside of your hours. Visitors may write all the same."
        multiline
        rows={2}
        maxLength={LONGEST_TEXT}
      />
      <FormText<WidgetValues>
        name="settings.disclosure"
        label="When a machine answers"
        hint="Said where a machine answers for the first time. Left empty, the widget says it in its own words."
        multiline
        rows={2}
        maxLength={LONGEST_TEXT}
      />
      <FormSelect<WidgetValues>
        name="settings.agent_names"
        label="What visitors read of who answers"
        options={AGENT_NAMES}
        required
      />
    </Card>
  );
}
