/** Saying what became of an act that nobody knows the end of. */
import { useState } from "react";
import { useForm } from "react-hook-form";

import { idempotencyKeys } from "@/lib/idempotency";
import { effectOf } from "@/lib/work-words";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Form, FormRadio, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";
import { toast } from "@/ui/toast";

import type { Act } from "./filter";
import { settle, type Finding } from "./queries";

interface Values {
  finding: Finding | "";
  reason: string;
}

const FINDINGS: { value: Finding; label: string; description: string }[] = [
  { value: "took_place", label: "It took place", description: "It is there in the other system." },
  {
    value: "given_up",
    label: "Give it up",
    description: "It is not there, or nobody will ever know. It is not sent again.",
  },
];

interface Props {
  act: Act;
  onClose: () => void;
}

export function SettleDialog({ act: { id, kind, remote }, onClose }: Props) {
  const [keyOf] = useState(idempotencyKeys);
  const form = useForm<Values>({ defaultValues: { finding: "", reason: "" } });
  const submit = async ({ finding, reason }: Values) => {
    if (!finding) return;
    const body = { finding, reason: reason.trim() };
    await settle(id, body, keyOf(body));
    toast({ title: "Settled the outside action", tone: "ok" });
    onClose();
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="What became of it?"
      description={`${effectOf(kind)}, ${remote}: look there first. What you say ends it for good and cannot be undone.`}
    >
      <Form form={form} onSubmit={submit} className="flex-1">
        <FormRadio<Values> name="finding" label="What you found" options={FINDINGS} required />
        <FormText<Values>
          name="reason"
          label="Reason"
          hint="How you know. It is kept with the action and in the audit log."
          multiline
          rows={2}
          required
          maxLength={500}
        />
        <FormActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton>Settle</SubmitButton>
        </FormActions>
      </Form>
    </Dialog>
  );
}
