/** Asking for a link that sets a new password. The answer never tells whether there is such a person. */
import { MailCheck } from "lucide-react";
import { useEffect, useState } from "react";
import { useForm } from "react-hook-form";

import { Button } from "@/ui/button";
import { Form, FormText, SubmitButton } from "@/ui/form";
import { TextLink } from "@/ui/text-link";

import { AuthLayout, Message } from "./auth-layout";
import { filled } from "./filled";
import { forgotPassword } from "./requests";
import { useWaiting, WaitingAlert } from "./waiting";

export function Component() {
  const [asked, setAsked] = useState("");
  return asked ? <Asked email={asked} onAgain={() => setAsked("")} /> : <Ask onAsked={setAsked} />;
}

function Ask({ onAsked }: { onAsked: (email: string) => void }) {
  const form = useForm({ defaultValues: { email: "" } });
  const waiting = useWaiting();
  useEffect(() => form.setFocus("email"), [form]);
  const submit = async ({ email }: { email: string }) => {
    if (waiting.seconds > 0) return;
    try {
      await forgotPassword(email.trim());
      onAsked(email.trim());
    } catch (error) {
      if (!waiting.hear(error)) throw error;
    }
  };
  return (
    <AuthLayout title="Set a new password" lead="We send you a link that works once, for an hour.">
      <WaitingAlert waiting={waiting} />
      <Form form={form} onSubmit={submit}>
        <FormText
          name="email"
          label="E-mail"
          type="email"
          autoComplete="username"
          spellCheck={false}
          rules={filled("E-mail")}
        />
        <SubmitButton className="w-full" aria-disabled={waiting.seconds > 0}>
          Send me a link
        </SubmitButton>
      </Form>
      <TextLink to="/login" className="self-start">
        Back to the log-in
      </TextLink>
    </AuthLayout>
  );
}

function Asked({ email, onAgain }: { email: string; onAgain: () => void }) {
  return (
    <AuthLayout title="Look into your mail" focusTitle>
      <Message tone="ok" icon={MailCheck}>
        If <bdi>{email}</bdi> belongs to somebody here, a link is on its way.
      </Message>
      <p className="text-muted">
        Nothing after some minutes? Look into the spam folder, or ask an admin of your workspace: they can make you a
        link too.
      </p>
      <div className="flex flex-wrap items-center justify-between gap-2">
        <TextLink to="/login">Back to the log-in</TextLink>
        <Button variant="ghost" size="sm" onClick={onAgain}>
          Use another address
        </Button>
      </div>
    </AuthLayout>
  );
}
