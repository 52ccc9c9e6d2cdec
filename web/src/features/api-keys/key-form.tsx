/** Making a key: name, what it may do, and when it ends. */
import { useState } from "react";
import { useForm, useWatch } from "react-hook-form";

import { serverNow } from "@/lib/clock";
import { idempotencyKeys } from "@/lib/idempotency";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Form, FormSelect, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";

import { dayOf, EXPIRIES, expiryOf } from "./expiry";
import { makeKey, type Made } from "./queries";
import { ScopePicker } from "./scope-picker";

/** Named as the server names them, so that what it complains about finds its field. */
export interface KeyValues {
  name: string;
  preset: string;
  scopes: string[];
  expiry: string;
  expires_at: string;
}

interface Props {
  open: boolean;
  onClose: () => void;
  onMade: (made: Made) => void;
}

export function KeyDialog({ open, onClose, onMade }: Props) {
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => !next && onClose()}
      title="New API key"
      description="For a program that works with this workspace. The key is shown once, when it is made."
    >
      <KeyForm onClose={onClose} onMade={onMade} />
    </Dialog>
  );
}

/** Lives as long as the dialog is open. */
function KeyForm({ onClose, onMade }: Omit<Props, "open">) {
  const [openedAt] = useState(serverNow);
  const [keyOf] = useState(idempotencyKeys);
  const form = useForm<KeyValues>({
    defaultValues: { name: "", preset: "*:read", scopes: [], expiry: "90", expires_at: dayOf(openedAt) },
  });
  const submit = async ({ name, preset, scopes, expiry, expires_at: date }: KeyValues) => {
    const body = {
      name: name.trim(),
      scopes: preset === "chosen" ? scopes : [preset],
      expires_at: expiryOf(expiry, date, openedAt),
    };
    onMade(await makeKey(body, keyOf(body)));
  };
  return (
    <Form form={form} onSubmit={submit} className="flex-1">
      <FormText<KeyValues>
        name="name"
        label="Name"
        hint="What it is for, so that others know what stops when it is revoked."
        placeholder="Nightly export"
        required
        maxLength={100}
      />
      <ScopePicker />
      <FormSelect<KeyValues> name="expiry" label="Ends" options={EXPIRIES} required />
      <ChosenDate today={dayOf(openedAt)} />
      <FormActions>
        <Button onClick={onClose}>Cancel</Button>
        <SubmitButton>Make 1 key</SubmitButton>
      </FormActions>
    </Form>
  );
}

function ChosenDate({ today }: { today: string }) {
  const expiry = useWatch<KeyValues, "expiry">({ name: "expiry" });
  if (expiry !== "date") return null;
  const future = (date: unknown) => String(date) >= today || "This day is over.";
  return (
    <FormText<KeyValues>
      name="expires_at"
      label="Last day"
      type="date"
      required
      rules={{ validate: future }}
      className="max-w-48"
    />
  );
}
