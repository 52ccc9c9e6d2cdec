/** A new signing secret; the old one signs along for a while, so that the receiver can change over when it suits it. */
import { useState } from "react";
import { useForm } from "react-hook-form";

import { idempotencyKeys } from "@/lib/idempotency";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Form, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";

import { rotateSecret, type Endpoint, type Made } from "./queries";

interface Props {
  endpoint: Endpoint;
  onClose: () => void;
  onMade: (made: Made) => void;
}

const MOST_HOURS = 720;

export function RotateDialog({ endpoint, onClose, onMade }: Props) {
  const [keyOf] = useState(idempotencyKeys);
  const form = useForm({ defaultValues: { overlap_hours: "24" } });
  const submit = async ({ overlap_hours: hours }: { overlap_hours: string }) =>
    onMade(await rotateSecret(endpoint.id, Number(hours), keyOf(hours)));
  const inRange = (hours: unknown) =>
    (/^\d{1,3}$/.test(String(hours).trim()) && Number(hours) <= MOST_HOURS) ||
    `Type a whole number from 0 to ${MOST_HOURS}.`;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Rotate the secret?"
      description="A new secret is made and shown once. This cannot be undone."
    >
      <Form form={form} onSubmit={submit} className="flex-1">
        <FormText
          name="overlap_hours"
          label="How many hours shall the old secret sign along?"
          hint="24 is a day, 720 are 30 days. When it leaked, 0: it signs nothing from now on."
          inputMode="numeric"
          required
          rules={{ validate: inRange }}
        />
        <FormActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton>Rotate 1 secret</SubmitButton>
        </FormActions>
      </Form>
    </Dialog>
  );
}
