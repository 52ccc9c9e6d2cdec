/** Changing the policy: what it leads to is said before it is saved. */
import { useState } from "react";

import { roleName, ROLES } from "@/lib/role-names";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/dialog";
import { Form, FormCheckGroup, FormText, SubmitButton } from "@/ui/form";
import { Card } from "@/ui/page";
import { toast } from "@/ui/toast";
import { UnsavedGuard } from "@/ui/unsaved-guard";
import { useLiveForm } from "@/ui/use-live-form";

import { checkDays, consequences, newlyAsked, tellConcerned, toPolicy, toValues, type Values } from "./policy-rules";
import { savePolicy, useConcerned, type Policy } from "./queries";

export function PolicyForm({ policy }: { policy: Policy }) {
  const form = useLiveForm(toValues(policy));
  const [asking, setAsking] = useState<Policy>();
  const { isDirty } = form.formState;
  const known = ROLES.filter((role) => role !== "admin");
  const newer = policy.mfa_roles.filter((role) => !ROLES.includes(role));

  const save = async (wanted: Policy) => {
    const saved = await savePolicy(wanted);
    form.reset(toValues(saved));
    toast({ title: "Security policy changed", tone: "ok", undo: () => putBack(policy) });
  };
  const putBack = async (before: Policy) => form.reset(toValues(await savePolicy(before)));
  const submit = async (values: Values) => {
    const wanted = toPolicy(values);
    // People may be locked out until they have set something up: that is asked, not only said.
    if (newlyAsked(policy, wanted).length > 0) setAsking(wanted);
    else await save(wanted);
  };

  return (
    <Form form={form} onSubmit={submit}>
      <Card
        title="Second factor"
        description="A code or a passkey after the password. A stolen password alone then opens nothing."
      >
        <FormCheckGroup<Values>
          name="mfa_roles"
          label="Roles that must have one, besides admins"
          hint="Admins always need one. People who log in by single sign-on are let in if the identity provider says that it asked for several factors."
          options={[...known, ...newer].map((role) => ({ value: role, label: `${roleName(role)}s` }))}
        />
      </Card>
      <Card title="Sessions" description="How long somebody stays logged in on a device before they log in again.">
        <FormText<Values>
          name="session_days"
          label="Days until a session ends"
          hint="1 to 90. Sessions that are open now keep their end."
          required
          inputMode="numeric"
          maxLength={3}
          className="[&_input]:max-w-24"
          rules={{ validate: checkDays }}
        />
      </Card>
      <div className="flex flex-wrap justify-end gap-2">
        {isDirty && <Button onClick={() => form.reset(toValues(policy))}>Discard changes</Button>}
        <SubmitButton disabled={!isDirty}>Save policy</SubmitButton>
      </div>
      <ConfirmDialog
        open={asking !== undefined}
        onOpenChange={() => setAsking(undefined)}
        title="Ask more people for a second factor?"
        description={asking && <Consequences before={policy} after={asking} />}
        confirm="Change the policy"
        onConfirm={async () => {
          if (asking) await save(asking);
        }}
      />
      <UnsavedGuard dirty={isDirty} what="the security policy" />
    </Form>
  );
}

function Consequences({ before, after }: { before: Policy; after: Policy }) {
  const { data: concerned } = useConcerned(newlyAsked(before, after), true);
  return (
    <div className="flex flex-col gap-2">
      {consequences(before, after).map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      <p className="min-h-5 font-medium text-text">{concerned && tellConcerned(concerned)}</p>
    </div>
  );
}
