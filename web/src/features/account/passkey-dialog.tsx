/** Adding a passkey: a name for it, then the browser asks for finger, face or PIN. */
import { useForm } from "react-hook-form";

import { describeUserAgent } from "@/lib/browser";
import { passkeysSupported } from "@/lib/passkeys";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Form, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";
import { toast } from "@/ui/toast";

import { atField } from "./field-error";
import { CodeOfApp } from "./proof-dialog";
import { addPasskey } from "./queries";

export function PasskeyDialog({ needsCode, close }: { needsCode: boolean; close: () => void }) {
  const supported = passkeysSupported();
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      title="Add a passkey"
      description={
        supported
          ? "Your device keeps it and asks for your finger, face or PIN. It logs you in without a password."
          : undefined
      }
      size="sm"
    >
      {supported ? (
        <PasskeyForm needsCode={needsCode} close={close} />
      ) : (
        <p>
          This browser cannot make passkeys here. It may be too old, or this page is not opened over a secure
          connection. Try another browser or device.
        </p>
      )}
    </Dialog>
  );
}

function PasskeyForm({ needsCode, close }: { needsCode: boolean; close: () => void }) {
  const form = useForm({ defaultValues: { name: describeUserAgent(navigator.userAgent), code: "" } });
  const submit = async ({ name, code }: { name: string; code: string }) => {
    await addPasskey(name.trim(), needsCode ? { code: code.trim() } : {}).catch((error: unknown) => {
      throw atField(error, "wrong_code", "code");
    });
    toast({ title: "Passkey added", tone: "ok" });
    close();
  };
  return (
    <Form form={form} onSubmit={submit}>
      <FormText
        name="name"
        label="Name"
        hint="So that you know it again, for example “Work laptop”."
        required
        maxLength={100}
        autoComplete="off"
      />
      {needsCode && <CodeOfApp />}
      <FormActions>
        <Button onClick={close}>Cancel</Button>
        <SubmitButton>Add passkey</SubmitButton>
      </FormActions>
    </Form>
  );
}
