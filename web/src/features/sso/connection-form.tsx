/** The settings: the provider, and who gets in as what. */

import { Button } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Form, FormPassword, FormText, SubmitButton } from "@/ui/form";
import { Card } from "@/ui/page";
import { toast } from "@/ui/toast";
import { UnsavedGuard } from "@/ui/unsaved-guard";
import { useLiveForm } from "@/ui/use-live-form";

import { AdmissionFields } from "./admission-fields";
import { checkIssuer, checkScopes, keepsSecret, toSettings, toValues, type Values } from "./form-values";
import { saveConnection, type Connection } from "./queries";
import { RoleMapFields } from "./role-map-fields";

interface ConnectionFormProps {
  connection: Connection | null;
  mayChange: boolean;
}

export function ConnectionForm({ connection, mayChange }: ConnectionFormProps) {
  const form = useLiveForm(toValues(connection), { disabled: !mayChange });
  const { isDirty } = form.formState;
  const submit = async (values: Values) => {
    const enabled = connection?.settings.enabled ?? false;
    const saved = await saveConnection(toSettings(values, enabled), values.client_secret.trim());
    form.reset(toValues(saved));
    const next = enabled ? "In force from the next log-in." : "Test it now, then turn it on.";
    toast({ title: "Single sign-on saved", description: next, tone: "ok" });
  };
  return (
    <Form form={form} onSubmit={submit} aria-label="Single sign-on settings">
      <ProviderFields
        connection={connection}
        secretKept={keepsSecret(connection, form.watch("issuer"), form.watch("client_id"))}
      />
      <AdmissionFields />
      <RoleMapFields />
      {mayChange && (
        <div
          className={cx(
            "-mx-4 flex flex-wrap items-center justify-end gap-2 bg-surface px-4 py-3 md:mx-0 md:px-0",
            isDirty && "sticky bottom-0 border-t border-border",
          )}
        >
          {isDirty && <span className="flex-1 text-muted">Not saved yet</span>}
          {isDirty && <Button onClick={() => form.reset(toValues(connection))}>Discard changes</Button>}
          <SubmitButton disabled={!isDirty}>Save settings</SubmitButton>
        </div>
      )}
      <UnsavedGuard dirty={isDirty} what="the single sign-on settings" />
    </Form>
  );
}

function ProviderFields({ connection, secretKept }: { connection: Connection | null; secretKept: boolean }) {
  const lost = connection?.has_client_secret === true && !secretKept;
  return (
    <Card title="Identity provider" description="What its page about the application shows.">
      <FormText<Values>
        name="issuer"
        label="Issuer"
        hint="Exactly as the provider writes it. A slash at its end belongs to it."
        required
        mono
        dir="ltr"
        inputMode="url"
        spellCheck={false}
        maxLength={500}
        placeholder="https://acme.eu.auth0.com/"
        rules={{ validate: checkIssuer }}
      />
      <FormText<Values> name="client_id" label="Client id" required mono dir="ltr" spellCheck={false} maxLength={500} />
      <FormPassword<Values>
        name="client_secret"
        label="Client secret"
        hint={secretHint(secretKept, lost)}
        autoComplete="off"
        maxLength={1000}
        placeholder={secretKept ? "Stored. Type to replace it" : ""}
      />
      <FormText<Values>
        name="scopes"
        label="Scopes"
        hint="With spaces between them. What the claims below need must be among them."
        required
        mono
        dir="ltr"
        spellCheck={false}
        rules={{ validate: checkScopes }}
      />
      <FormText<Values>
        name="audience"
        label="Audience"
        hint="Usually empty. For Auth0 APIs."
        mono
        dir="ltr"
        spellCheck={false}
        maxLength={500}
      />
    </Card>
  );
}

function secretHint(kept: boolean, lost: boolean): string {
  if (kept) return "A secret is stored and never shown. Leave this empty to keep it.";
  if (lost) return "The stored secret belongs to the issuer and client of before. Enter the new one.";
  return "Kept encrypted and never shown again. Empty for a public client.";
}
