/** What is known of a contact, changed by hand. */
import { useForm } from "react-hook-form";

import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Form, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";
import { toast } from "@/ui/toast";

import { changeContact } from "./contact-requests";
import type { Contact } from "./queries";

interface Values {
  name: string;
  company: string;
  email: string;
  phone: string;
}

export function ContactDialog({ contact, onClose }: { contact: Contact; onClose: () => void }) {
  const before: Values = {
    name: contact.name,
    company: contact.company ?? "",
    email: contact.email ?? "",
    phone: contact.phone ?? "",
  };
  const form = useForm<Values>({ defaultValues: before });
  const submit = async (values: Values) => {
    const names = Object.keys(before) as (keyof Values)[];
    // Only what is different: what somebody else changes meanwhile stays.
    const different = names.filter((name) => values[name].trim() !== before[name]);
    const changes = Object.fromEntries(different.map((name) => [name, values[name].trim()]));
    if (different.length > 0) {
      await changeContact(contact.id, changes);
      toast({ title: "The contact is changed", tone: "ok" });
    }
    onClose();
  };
  return (
    <Dialog open size="sm" onOpenChange={(isOpen) => !isOpen && onClose()} title="Change the contact">
      <Form form={form} onSubmit={submit}>
        <FormText<Values> name="name" label="Name" maxLength={200} />
        <FormText<Values> name="company" label="Company" maxLength={200} />
        <FormText<Values> name="email" label="E-mail" inputMode="email" dir="ltr" spellCheck={false} maxLength={200} />
        <FormText<Values> name="phone" label="Telephone" inputMode="tel" dir="ltr" maxLength={200} />
        <FormActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton>Save</SubmitButton>
        </FormActions>
      </Form>
    </Dialog>
  );
}
