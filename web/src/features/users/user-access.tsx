/** Help for somebody who cannot get in: a link for a new password, and the end of lost second factors. */
import { KeyRound, ShieldOff } from "lucide-react";
import { useState } from "react";

import type { Schemas } from "@/lib/api";
import { useCan } from "@/lib/session";
import { Button } from "@/ui/button";
import { CodeBlock } from "@/ui/code";
import { ConfirmDialog } from "@/ui/dialog";
import { Section } from "@/ui/page";
import { ProblemAlert } from "@/ui/problem";
import { TextLink } from "@/ui/text-link";
import { toast } from "@/ui/toast";

import { resetFactors, sendPasswordReset, type User } from "./queries";
import { nameOf } from "./user-status";

export function UserAccess({ user }: { user: User }) {
  return (
    <Section title="Cannot log in?">
      <PasswordLink user={user} />
      <Factors user={user} />
    </Section>
  );
}

function PasswordLink({ user }: { user: User }) {
  const [outcome, setOutcome] = useState<Schemas["ResetLink"]>();
  const [failure, setFailure] = useState<unknown>();
  const [sending, setSending] = useState(false);
  const send = async () => {
    setSending(true);
    setFailure(undefined);
    try {
      setOutcome(await sendPasswordReset(user.id));
    } catch (error) {
      setFailure(error);
    } finally {
      setSending(false);
    }
  };
  return (
    <div className="flex flex-col items-start gap-2">
      <p className="text-muted">A link lets them choose a new password. It works once, for an hour.</p>
      <Button icon={KeyRound} loading={sending} onClick={() => void send()}>
        {outcome ? "Make another password link" : "Make a password link"}
      </Button>
      {failure !== undefined && <ProblemAlert error={failure} className="self-stretch" />}
      <div role="status" className="flex w-full min-w-0 flex-col gap-2 empty:hidden">
        {outcome && <Outcome outcome={outcome} email={user.email} />}
      </div>
    </div>
  );
}

function Outcome({ outcome, email }: { outcome: Schemas["ResetLink"]; email: string }) {
  const maySeeOutbox = useCan("system:read");
  if (outcome.link) {
    return (
      <>
        <p>No mail server is set up: pass this link on yourself. It is shown only now.</p>
        <CodeBlock text={outcome.link} label="Password link" copy wrap />
      </>
    );
  }
  switch (outcome.delivery) {
    case "mailed":
      return <p className="wrap-anywhere">The link is on its way to {email}.</p>;
    case "in_outbox":
      return (
        <p>
          The link is in the demo&rsquo;s {maySeeOutbox ? <TextLink to="/system/outbox">outbox</TextLink> : "outbox"}.
        </p>
      );
    default:
      return (
        <p>
          No mail server is set up, and this person works in other workspaces too, so the link is not shown to you. Ask
          the operator of this installation.
        </p>
      );
  }
}

function Factors({ user }: { user: User }) {
  const [asking, setAsking] = useState(false);
  const reset = async () => {
    await resetFactors(user);
    toast({ title: `${nameOf(user)} has no second factor any more`, tone: "ok" });
  };
  return (
    <div className="mt-2 flex flex-col items-start gap-2">
      <p className="text-muted">
        Lost phone and no recovery code left? Remove the second factors after you have made sure who asks.
      </p>
      <Button icon={ShieldOff} onClick={() => setAsking(true)}>
        Remove second factors
      </Button>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={`Remove the second factors of ${nameOf(user)}?`}
        description="Authenticator app, passkeys and recovery codes stop working, and all their sessions end. They can then log in with the password alone, unless their role needs a second factor. This cannot be undone."
        confirm="Remove second factors"
        danger
        onConfirm={reset}
      />
    </div>
  );
}
