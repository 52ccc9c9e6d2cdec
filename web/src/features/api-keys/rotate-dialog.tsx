/** A second key with the same name and scopes; the first one lives on for a while. */
import { useState } from "react";
import { useForm } from "react-hook-form";

import { formatDateTime } from "@/lib/format";
import { idempotencyKeys } from "@/lib/idempotency";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Form, FormSelect, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";

import { rotateKey, type ApiKey, type Made } from "./queries";

const OVERLAPS = [
  { value: "0", label: "Not at all", description: "It stops at once, with every program that still uses it." },
  { value: "1", label: "1 hour" },
  { value: "24", label: "1 day" },
  { value: "168", label: "7 days" },
  { value: "720", label: "30 days" },
];

interface Props {
  apiKey: ApiKey;
  onClose: () => void;
  onMade: (made: Made) => void;
}

export function RotateDialog({ apiKey, onClose, onMade }: Props) {
  const [keyOf] = useState(idempotencyKeys);
  const form = useForm({ defaultValues: { overlap_hours: "24" } });
  const submit = async ({ overlap_hours: hours }: { overlap_hours: string }) =>
    onMade(await rotateKey(apiKey.id, Number(hours), keyOf(hours)));
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Rotate this key?"
      description="A new key is made with the same name and scopes, and shown once. This cannot be undone."
    >
      <Form form={form} onSubmit={submit} className="flex-1">
        <FormSelect
          name="overlap_hours"
          label={`How long shall the old key ${apiKey.prefix} go on working?`}
          options={OVERLAPS}
          required
        />
        {apiKey.expires_at && (
          <p className="text-muted">Both end on {formatDateTime(apiKey.expires_at)} at the latest.</p>
        )}
        <FormActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton>Rotate 1 key</SubmitButton>
        </FormActions>
      </Form>
    </Dialog>
  );
}
