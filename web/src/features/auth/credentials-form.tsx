/** E-mail and password. */
import { useEffect, useState } from "react";
import { useForm } from "react-hook-form";

import { describe, hasCode } from "@/lib/problems";
import { Form, FormPassword, FormText, SubmitButton } from "@/ui/form";
import { TextLink } from "@/ui/text-link";

import { filled } from "./filled";
import { logIn as send } from "./requests";
import type { LogInUnderWay } from "./use-log-in";
import { WaitingAlert } from "./waiting";

interface CredentialsFormProps {
  logIn: LogInUnderWay;
  tenant: string;
  /** Known from before: only the password is missing. */
  email: string;
  onSend: (email: string) => void;
}

export function CredentialsForm({ logIn, tenant, email, onSend }: CredentialsFormProps) {
  // As it was when the form began: later the person is somewhere else in it.
  const [known] = useState(email);
  const form = useForm({ defaultValues: { email: known, password: "" } });
  const { waiting } = logIn;
  const { forget } = waiting;

  useEffect(() => {
    // On a touch screen the keyboard would jump up over the page.
    if (known || matchMedia("(pointer: fine)").matches) form.setFocus(known ? "password" : "email");
  }, [form, known]);
  // Another address has its own count.
  useEffect(() => form.subscribe({ name: ["email"], formState: { values: true }, callback: forget }), [form, forget]);

  const submit = async (typed: { email: string; password: string }) => {
    const address = typed.email.trim();
    if (waiting.seconds > 0) return;
    onSend(address);
    try {
      await logIn.attempt(() => send({ email: address, password: typed.password, tenant }));
    } catch (error) {
      if (!hasCode(error, "wrong_credentials")) throw error;
      const { title, detail } = describe(error);
      form.setError("password", { type: "server", message: detail || `${title}.` });
      form.setFocus("password", { shouldSelect: true });
    }
  };
  return (
    <Form form={form} onSubmit={submit}>
      <WaitingAlert waiting={waiting} />
      <FormText
        name="email"
        label="E-mail"
        type="email"
        autoComplete="username webauthn"
        spellCheck={false}
        rules={filled("E-mail")}
      />
      <FormPassword name="password" label="Password" rules={filled("Password")} />
      <TextLink to="/forgot" className="self-end text-dense">
        Forgot your password?
      </TextLink>
      <SubmitButton className="w-full" aria-disabled={waiting.seconds > 0}>
        Log in
      </SubmitButton>
    </Form>
  );
}
