/** Saving what is filtered as a view, or changing one. */
import { useState } from "react";
import { useForm } from "react-hook-form";

import { idempotencyKeys } from "@/lib/idempotency";
import { useUser } from "@/lib/session";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Form, FormSwitch, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";
import { toast } from "@/ui/toast";

import { viewOf, type Filter } from "./filter";
import type { SavedView } from "./queries";
import { addView, changeView } from "./view-requests";

interface Values {
  name: string;
  is_shared: boolean;
}

interface Props {
  filter: Filter;
  /** The one that is changed; without it one is added. */
  view: SavedView | undefined;
  onClose: () => void;
}

export function ViewDialog({ filter, view, onClose }: Props) {
  const me = useUser().id;
  const [keyOf] = useState(idempotencyKeys);
  const form = useForm<Values>({ defaultValues: { name: view?.name ?? "", is_shared: false } });
  const submit = async ({ name, is_shared }: Values) => {
    const body = { name: name.trim(), filter: viewOf(filter, me) };
    if (view) await changeView(view.id, body);
    else await addView({ ...body, is_shared }, keyOf({ ...body, is_shared }));
    toast({ title: view ? "The view is changed" : `“${body.name}” is among the saved views`, tone: "ok" });
    onClose();
  };
  return (
    <Dialog
      open
      size="sm"
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={view ? "Change the view" : "Save this view"}
      description={view ? undefined : "What the filters and the search are set to, under a name."}
    >
      <Form form={form} onSubmit={submit}>
        <FormText<Values> name="name" label="Name" required maxLength={60} placeholder="Facebook, unread" />
        {!view && (
          <FormSwitch<Values>
            name="is_shared"
            label="For everybody"
            hint="All who read conversations in this workspace see it. Where it says “me” they see yours."
          />
        )}
        <FormActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton>{view ? "Save" : "Save 1 view"}</SubmitButton>
        </FormActions>
      </Form>
    </Dialog>
  );
}
