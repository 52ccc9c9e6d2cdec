/** Within how long people should have an answer. */
import { Form, FormText, SubmitButton } from "@/ui/form";
import { Card, DetailList } from "@/ui/page";
import { toast } from "@/ui/toast";
import { UnsavedGuard } from "@/ui/unsaved-guard";
import { useLiveForm } from "@/ui/use-live-form";

import { checkMinutes, minutesText } from "./answers-rules";
import { saveInboxSettings, type InboxSettings } from "./queries";

interface Values {
  first_response_minutes: string;
}

const toValues = ({ first_response_minutes: minutes }: InboxSettings): Values => ({
  first_response_minutes: String(minutes),
});

export function AnswersCard({ settings }: { settings: InboxSettings }) {
  const form = useLiveForm(toValues(settings));
  const { isDirty } = form.formState;
  const save = async (wanted: InboxSettings) => form.reset(toValues(await saveInboxSettings(wanted)));
  const submit = async ({ first_response_minutes: text }: Values) => {
    const [before, minutes] = [settings, Number(text)];
    await save({ first_response_minutes: minutes });
    toast({
      title: `Answers are due within ${minutesText(minutes)}`,
      tone: "ok",
      undo: () => save(before),
    });
  };
  return (
    <Card
      title="Answers"
      description="Within how long somebody who writes should have an answer. The inbox says by it what is due soon and what is overdue."
    >
      <Form form={form} onSubmit={submit}>
        <FormText<Values>
          name="first_response_minutes"
          label="Minutes until an answer is due"
          hint="60 is an hour, 1440 a day; at most 10080, a week. Holds at once, also for those who wait already."
          required
          inputMode="numeric"
          maxLength={5}
          className="[&_input]:max-w-24"
          rules={{ validate: checkMinutes }}
        />
        <div className="flex justify-end">
          <SubmitButton disabled={!isDirty}>Save target</SubmitButton>
        </div>
      </Form>
      <UnsavedGuard dirty={isDirty} what="when answers are due" />
    </Card>
  );
}

export function AnswersShown({ settings }: { settings: InboxSettings }) {
  return (
    <Card title="Answers" description="Only an admin can change it.">
      <DetailList items={[{ term: "An answer is due after", detail: minutesText(settings.first_response_minutes) }]} />
    </Card>
  );
}
