/** The fields of a target's kind, each with where to find what belongs into it. */
import { useFormContext } from "react-hook-form";

import { Disclosure } from "@/ui/disclosure";
import { FormSelect, FormText } from "@/ui/form";

import type { Kind, TargetValues } from "./target-values";

const REGIONS = [
  { value: "us", label: "United States" },
  { value: "eu", label: "Europe" },
];

const TYPED = { dir: "ltr", spellCheck: false, autoComplete: "off" } as const;

interface Props {
  kind: Kind;
  /** What is stored is not shown: left empty, it stays. */
  isNew: boolean;
}

export function TargetFields({ kind, isNew }: Props) {
  const stays = isNew ? "" : " Left empty, the stored one stays.";
  switch (kind) {
    case "pagerduty":
      return (
        <>
          <FormText<TargetValues>
            name="routing_key"
            label="Integration key"
            hint={`In PagerDuty: Services, your service, Integrations, Events API v2.${stays}`}
            required={isNew}
            maxLength={100}
            mono
            {...TYPED}
          />
          <FormSelect<TargetValues>
            name="region"
            label="Region"
            hint="Europe when the address of your PagerDuty ends in eu.pagerduty.com."
            options={REGIONS}
            required
          />
        </>
      );
    case "slack":
      return (
        <FormText<TargetValues>
          name="url"
          label="Webhook URL"
          hint={`In Slack: your app, Incoming Webhooks, Add New Webhook, then copy it.${stays}`}
          placeholder="https://hooks.slack.com/services/…"
          inputMode="url"
          required={isNew}
          maxLength={2048}
          {...TYPED}
        />
      );
    case "email":
      return (
        <FormText<TargetValues>
          name="recipients"
          label="Addresses"
          hint="One a line, at most 20. Left empty, all admins of this workspace get it, whoever they are by then."
          inputMode="email"
          multiline
          rows={3}
          {...TYPED}
        />
      );
    default:
      return (
        <>
          <FormText<TargetValues>
            name="url"
            label="Address"
            hint="Where your system takes requests."
            placeholder="https://example.com/alerts"
            inputMode="url"
            required
            maxLength={2048}
            {...TYPED}
          />
          {isNew && <OwnSecret />}
        </>
      );
  }
}

function OwnSecret() {
  const { formState } = useFormContext<TargetValues>();
  return (
    <Disclosure title="Advanced" mustOpen={formState.errors.secret !== undefined}>
      <FormText<TargetValues>
        name="secret"
        label="Own signing secret"
        hint="whsec_ and 24 to 64 bytes in base64, when your system has one already. Left empty, one is made."
        maxLength={100}
        mono
        {...TYPED}
      />
    </Disclosure>
  );
}
