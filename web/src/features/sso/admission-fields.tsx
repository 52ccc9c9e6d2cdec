/** Which claims say who somebody is, and whether they may come in. */
import { FormSwitch, FormText } from "@/ui/form";
import { Card } from "@/ui/page";

import type { Values } from "./form-values";

const CLAIM = { mono: true, dir: "ltr", spellCheck: false, maxLength: 500 } as const;

export function AdmissionFields() {
  return (
    <Card
      title="Who gets in"
      description="What the provider says of a person comes as claims. A test log-in shows them all."
    >
      <FormSwitch<Values>
        name="creates_users"
        label="Make a user at the first log-in"
        hint="Otherwise only people who were invited or are users already get in."
      />
      <div className="grid gap-4 md:grid-cols-2">
        <FormText<Values> name="email_claim" label="E-mail claim" required {...CLAIM} />
        <FormText<Values> name="name_claim" label="Name claim" required {...CLAIM} />
      </div>
      <div className="grid gap-4 md:grid-cols-2">
        <FormText<Values>
          name="organization_claim"
          label="Organisation claim"
          hint="For providers that serve several companies, for example org_id."
          {...CLAIM}
          rules={{ validate: together("organization") }}
        />
        <FormText<Values>
          name="organization"
          label="Your organisation"
          hint="The value that the claim must have."
          {...CLAIM}
          rules={{ validate: together("organization_claim") }}
        />
      </div>
    </Card>
  );
}

/** One is nothing without the other. */
const together = (other: "organization" | "organization_claim") => (text: string, values: Partial<Values>) =>
  text.trim() !== "" || (values[other] ?? "").trim() === "" || "Set the claim and its value together.";
