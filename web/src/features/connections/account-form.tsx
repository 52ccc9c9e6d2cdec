/** What is decided for an account of a platform. */
import { useLiveForm } from "@/ui/use-live-form";
import { Button } from "@/ui/button";
import { Form, FormSwitch, FormText, SubmitButton } from "@/ui/form";
import { Card } from "@/ui/page";
import { toast } from "@/ui/toast";
import { UnsavedGuard } from "@/ui/unsaved-guard";

import { changeOf, hasHumanAgent, numberOf, valuesOf, type AccountValues } from "./account-values";
import { changeAccount, type Account } from "./queries";

const checkNumber = (text: unknown): true | string =>
  (typeof text === "string" && numberOf(text) !== undefined) || "Write a number, or leave it empty.";

export function AccountForm({ account }: { account: Account }) {
  const form = useLiveForm<AccountValues>(valuesOf(account));
  const { isDirty } = form.formState;
  const save = async (body: Parameters<typeof changeAccount>[1]) =>
    form.reset(valuesOf(await changeAccount(account.id, body)));
  const submit = async (values: AccountValues) => {
    const { name, settings } = account;
    await save(changeOf(account, values));
    toast({ title: "The account is changed", tone: "ok", undo: () => save({ name, settings }) });
  };
  return (
    <Form form={form} onSubmit={submit} aria-label="Settings">
      <Card
        title="Settings"
        footer={
          <>
            {isDirty && <Button onClick={() => form.reset()}>Put back</Button>}
            <SubmitButton disabled={!isDirty}>Save</SubmitButton>
          </>
        }
      >
        <FormText<AccountValues>
          name="name"
          label="Name"
          hint="As your colleagues read it. The platform keeps its own."
          required
          maxLength={200}
        />
        <FormSwitch<AccountValues>
          name="settings.takes_comments"
          label="Take comments and mentions"
          hint="Switched off, only direct messages arrive."
        />
        {hasHumanAgent(account.platform) && (
          <FormSwitch<AccountValues>
            name="settings.has_human_agent"
            label="Human Agent was granted"
            hint="Meta lets people answer by hand for seven days instead of one, if its review granted that to the app. Without the grant such answers are refused."
          />
        )}
        <div className="grid gap-4 md:grid-cols-2">
          <FormText<AccountValues>
            name="settings.text_limit"
            label="Longest answer"
            hint="In the platform's own count. Left empty, the channel's default; its hard limit holds in any case."
            inputMode="numeric"
            maxLength={9}
            rules={{ validate: checkNumber }}
          />
          <FormText<AccountValues>
            name="settings.poll_every_seconds"
            label="Ask for messages every … seconds"
            hint="10 to 86,400. Left empty, the channel's default."
            inputMode="numeric"
            maxLength={9}
            rules={{ validate: checkNumber }}
          />
        </div>
      </Card>
      <UnsavedGuard dirty={isDirty} what="this account" />
    </Form>
  );
}
