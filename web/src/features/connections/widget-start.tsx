/** A new widget needs a name and nothing else. */
import { Plus } from "lucide-react";
import { useState } from "react";
import { useForm } from "react-hook-form";

import { idempotencyKeys } from "@/lib/idempotency";
import { useTenant } from "@/lib/session";
import { Button } from "@/ui/button";
import { Form, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";

import { addWidget, type WidgetMade } from "./queries";

interface Props {
  onMade: (made: WidgetMade) => void;
  onClose: () => void;
}

export function WidgetStart({ onMade, onClose }: Props) {
  const { name } = useTenant();
  const [keyOf] = useState(idempotencyKeys);
  const form = useForm<{ name: string }>({ defaultValues: { name } });
  const submit = async (values: { name: string }) => {
    const wanted = values.name.trim();
    onMade(await addWidget(wanted, keyOf(wanted)));
  };
  return (
    <Form form={form} onSubmit={submit} className="flex-1">
      <FormText
        name="name"
        label="Name"
        hint="Your company or team, as visitors read it. Everything else can be set afterwards."
        required
        maxLength={200}
      />
      <FormActions>
        <Button onClick={onClose}>Cancel</Button>
        <SubmitButton icon={Plus}>Make 1 widget</SubmitButton>
      </FormActions>
    </Form>
  );
}
