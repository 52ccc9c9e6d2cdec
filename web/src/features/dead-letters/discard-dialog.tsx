/** Closing dead letters that nobody needs to try again. */
import { useState } from "react";
import { useForm } from "react-hook-form";

import { idempotencyKeys } from "@/lib/idempotency";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Form, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";
import { toast } from "@/ui/toast";

import { doneOf, lettersOf, type Order } from "./orders";
import { discard } from "./queries";

interface Values {
  reason: string;
}

interface Props {
  order: Order;
  onClose: () => void;
  onDone: () => void;
}

export function DiscardDialog({ order: { select, count, what }, onClose, onDone }: Props) {
  const [keyOf] = useState(idempotencyKeys);
  const form = useForm<Values>({ defaultValues: { reason: "" } });
  const submit = async ({ reason }: Values) => {
    const why = reason.trim();
    const done = await discard(select, why, keyOf({ select, why }));
    toast({ ...doneOf("Discarded", done, count), tone: done >= count ? "ok" : "warn" });
    onDone();
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Discard ${lettersOf(count)}?`}
      description={`${what ? `${what}: ` : ""}${
        count === 1 ? "It is" : "They are"
      } never tried again. What is known of ${count === 1 ? "it" : "them"} stays here to be read. This cannot be undone.`}
    >
      <Form form={form} onSubmit={submit} className="flex-1">
        <FormText<Values>
          name="reason"
          label="Reason"
          hint="Why nothing is lost by it. It is kept with the letters and in the audit log."
          multiline
          rows={2}
          required
          maxLength={500}
        />
        <FormActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton variant="danger">{`Discard ${lettersOf(count)}`}</SubmitButton>
        </FormActions>
      </Form>
    </Dialog>
  );
}
