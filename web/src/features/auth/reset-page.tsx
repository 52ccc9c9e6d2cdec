/** Setting a new password with a mailed link. */
import { CircleCheck, Unlink } from "lucide-react";
import { useEffect, useState } from "react";
import { useForm } from "react-hook-form";

import { hasCode } from "@/lib/problems";
import { refreshFacts, useSession } from "@/lib/session";
import { LinkButton } from "@/ui/button";
import { Form, SubmitButton } from "@/ui/form";

import { AuthLayout, Message } from "./auth-layout";
import { NewPassword } from "./new-password";
import { useLinkSecret } from "./link-secret";
import { resetPassword } from "./requests";
import { useWaiting, WaitingAlert } from "./waiting";

export function Component() {
  const secret = useLinkSecret("tk");
  const [outcome, setOutcome] = useState<"done" | "useless">();
  if (outcome === "done") return <Done />;
  if (!secret || outcome === "useless") return <Useless />;
  return <SetPassword key={secret} secret={secret} onOutcome={setOutcome} />;
}

interface SetPasswordProps {
  secret: string;
  onOutcome: (outcome: "done" | "useless") => void;
}

function SetPassword({ secret, onOutcome }: SetPasswordProps) {
  const form = useForm({ defaultValues: { password: "" } });
  const waiting = useWaiting();
  useEffect(() => form.setFocus("password"), [form]);
  const submit = async ({ password }: { password: string }) => {
    if (waiting.seconds > 0) return;
    try {
      await resetPassword(secret, password);
      // Every session of the person is over now; if that was this page's, it has to notice.
      if (useSession.getState().status === "signed_in") void refreshFacts().catch(() => undefined);
      onOutcome("done");
    } catch (error) {
      if (waiting.hear(error)) return;
      if (!hasCode(error, "ticket_invalid")) throw error;
      onOutcome("useless");
    }
  };
  return (
    <AuthLayout
      title="Set a new password"
      lead="You will be logged out on all devices. A second factor stays as it is."
    >
      <WaitingAlert waiting={waiting} />
      <Form form={form} onSubmit={submit}>
        <NewPassword />
        <SubmitButton className="w-full" aria-disabled={waiting.seconds > 0}>
          Set the password
        </SubmitButton>
      </Form>
    </AuthLayout>
  );
}

function Done() {
  return (
    <AuthLayout title="The password is set" focusTitle>
      <Message tone="ok" icon={CircleCheck}>
        Log in with it from now on.
      </Message>
      <LinkButton to="/login" variant="primary">
        Log in
      </LinkButton>
    </AuthLayout>
  );
}

function Useless() {
  return (
    <AuthLayout title="This link no longer works" focusTitle>
      <Message tone="warn" icon={Unlink}>
        Each link works once, for an hour, and only the newest one that you asked for. If it was cut off, open it from
        the mail again.
      </Message>
      <LinkButton to="/forgot" variant="primary">
        Ask for a new link
      </LinkButton>
      <LinkButton to="/login">Back to the log-in</LinkButton>
    </AuthLayout>
  );
}
