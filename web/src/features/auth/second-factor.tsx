/** The second step of a log-in: a code of the app, a recovery code, or a passkey. */
import { useEffect, useId, useState } from "react";
import { useForm } from "react-hook-form";

import { clockSkew } from "@/lib/clock";
import { hasCode } from "@/lib/problems";
import { Button } from "@/ui/button";
import { Form, FormCode, FormText, SubmitButton } from "@/ui/form";

import { Or } from "./auth-layout";
import { clockHint } from "./clock-hint";
import { filled } from "./filled";
import { PasskeyButton } from "./passkey-button";
import { giveCode } from "./requests";
import type { LogInUnderWay } from "./use-log-in";
import { WaitingAlert } from "./waiting";

interface SecondFactorProps {
  logIn: LogInUnderWay;
  ticket: string;
  methods: string[];
  tenant?: string | undefined;
}

export function SecondFactor({ logIn, ticket, methods, tenant }: SecondFactorProps) {
  const [isRecovering, recover] = useState(false);
  const takesCodes = methods.includes("totp") || methods.includes("recovery_code");
  const takesPasskeys = methods.includes("passkey");
  return (
    <>
      <WaitingAlert waiting={logIn.waiting} />
      {takesCodes && <CodeForm key={String(isRecovering)} logIn={logIn} ticket={ticket} isRecovering={isRecovering} />}
      {takesCodes && takesPasskeys && <Or />}
      {takesPasskeys && <PasskeyButton logIn={logIn} tenant={tenant} variant={takesCodes ? "secondary" : "primary"} />}
      <div className="flex flex-wrap justify-between gap-2">
        {takesCodes && (
          <Button variant="ghost" size="sm" onClick={() => recover(!isRecovering)}>
            {isRecovering ? "Use the app’s code" : "Use a recovery code"}
          </Button>
        )}
        <Button variant="ghost" size="sm" onClick={() => logIn.move({ type: "restarted" })}>
          Start again
        </Button>
      </div>
    </>
  );
}

interface CodeFormProps {
  logIn: LogInUnderWay;
  ticket: string;
  isRecovering: boolean;
}

function CodeForm({ logIn, ticket, isRecovering }: CodeFormProps) {
  const form = useForm({ defaultValues: { code: "" } });
  const id = useId();
  useEffect(() => form.setFocus("code"), [form]);

  const send = async ({ code }: { code: string }) => {
    if (logIn.waiting.seconds > 0) return;
    try {
      await logIn.attempt(() => giveCode(ticket, code));
    } catch (error) {
      if (!hasCode(error, "wrong_code")) throw error;
      if (!isRecovering) form.setValue("code", "");
      const message = isRecovering
        ? "That is none of your unused recovery codes. Each works once."
        : `The code is wrong or was used before. Enter the one that the app shows now.${clockHint(clockSkew())}`;
      form.setError("code", { type: "server", message }, { shouldFocus: true });
    }
  };
  const submit = () => {
    const element = document.getElementById(id);
    if (element instanceof HTMLFormElement) element.requestSubmit();
  };
  return (
    <Form form={form} onSubmit={send} id={id}>
      {isRecovering ? (
        <FormText
          name="code"
          label="Recovery code"
          hint="Two groups of five characters, from the list that you kept."
          autoComplete="off"
          spellCheck={false}
          mono
          dir="ltr"
          rules={filled("Recovery code")}
        />
      ) : (
        <FormCode name="code" label="Code from your authenticator app" onComplete={submit} rules={filled("Code")} />
      )}
      <SubmitButton className="w-full" aria-disabled={logIn.waiting.seconds > 0}>
        Confirm
      </SubmitButton>
    </Form>
  );
}
