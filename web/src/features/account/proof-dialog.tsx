/** A step that asks for a code of the authenticator app first, so that a stolen session cannot lock its owner out. */
import type { ReactNode } from "react";
import { useForm } from "react-hook-form";

import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Form, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";

import { atField } from "./field-error";
import type { Proof } from "./queries";

interface ProofDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  /** What will happen. */
  description: ReactNode;
  /** The button says what it does. */
  confirm: string;
  danger?: boolean;
  needsCode: boolean;
  onProve: (proof: Proof) => Promise<void>;
}

export function ProofDialog({ open, onOpenChange, title, description, ...rest }: ProofDialogProps) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={title} description={description} size="sm">
      <ProofForm {...rest} close={() => onOpenChange(false)} />
    </Dialog>
  );
}

type ProofFormProps = Pick<ProofDialogProps, "confirm" | "danger" | "needsCode" | "onProve"> & { close: () => void };

export function ProofForm({ confirm, danger, needsCode, onProve, close }: ProofFormProps) {
  const form = useForm({ defaultValues: { code: "" } });
  const submit = async ({ code }: { code: string }) => {
    await onProve(needsCode ? { code: code.trim() } : {}).catch((error: unknown) => {
      throw atField(error, "wrong_code", "code");
    });
  };
  return (
    <Form form={form} onSubmit={submit}>
      {needsCode && <CodeOfApp />}
      <FormActions>
        <Button onClick={close}>Cancel</Button>
        <SubmitButton variant={danger ? "danger" : "primary"}>{confirm}</SubmitButton>
      </FormActions>
    </Form>
  );
}

/** No field for six digits: a recovery code is as good. */
export function CodeOfApp() {
  return (
    <FormText
      name="code"
      label="Current code"
      hint="From your authenticator app, or one of your unused recovery codes."
      required
      mono
      dir="ltr"
      autoComplete="one-time-code"
      spellCheck={false}
      maxLength={40}
    />
  );
}
