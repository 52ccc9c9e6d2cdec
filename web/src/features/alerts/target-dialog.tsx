/** Adding a target, or changing one. What kind it is, is decided once. */
import { useState } from "react";
import { useForm, useWatch } from "react-hook-form";

import { idempotencyKeys } from "@/lib/idempotency";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Form, FormRadio, FormSelect, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";
import { toast } from "@/ui/toast";

import { addTarget, changeTarget, type Made, type Target } from "./queries";
import { TargetFields } from "./target-fields";
import { changeOf, KINDS, newTargetOf, valuesOf, type TargetValues } from "./target-values";
import { SEVERITIES } from "./words";

interface Props {
  /** The one that is changed; without it one is added. */
  target?: Target;
  onClose: () => void;
  onMade?: (made: Made) => void;
}

const KIND_OPTIONS = Object.entries(KINDS).map(([value, words]) => ({ value, ...words }));
const TAKES = SEVERITIES.map(({ value, andWorse }) => ({ value, label: andWorse })).toReversed();

export function TargetDialog(props: Props) {
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && props.onClose()}
      title={props.target ? `Change “${props.target.name}”` : "New target"}
      description={props.target ? KINDS[props.target.kind].label : "Where alerts are sent to."}
    >
      <TargetForm {...props} />
    </Dialog>
  );
}

function TargetForm({ target, onClose, onMade }: Props) {
  const [keyOf] = useState(idempotencyKeys);
  const form = useForm<TargetValues>({ defaultValues: valuesOf(target) });
  const kind = useWatch({ control: form.control, name: "kind" });
  const submit = async (values: TargetValues) => {
    if (!target) {
      const body = newTargetOf(values);
      return onMade?.(await addTarget(body, keyOf(body)));
    }
    await changeTarget(target.id, changeOf(target, values));
    toast({ title: "The target is changed", tone: "ok" });
    return onClose();
  };
  return (
    <Form form={form} onSubmit={submit} className="flex-1">
      {!target && <FormRadio<TargetValues> name="kind" label="What kind?" options={KIND_OPTIONS} required />}
      <FormText<TargetValues>
        name="name"
        label="Name"
        hint="Who or what it is, for whoever reads who was told."
        placeholder="On call"
        required
        maxLength={100}
      />
      <TargetFields kind={kind} isNew={!target} />
      <FormSelect<TargetValues> name="least_severity" label="Takes" options={TAKES} required />
      <FormActions>
        <Button onClick={onClose}>Cancel</Button>
        <SubmitButton>{target ? "Save" : "Add 1 target"}</SubmitButton>
      </FormActions>
    </Form>
  );
}
