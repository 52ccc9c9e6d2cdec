/** Accepting an invitation: who asks whom into what, then a password, and in. */
import { useQuery } from "@tanstack/react-query";
import { Unlink } from "lucide-react";
import { useCallback, useEffect } from "react";
import { useForm } from "react-hook-form";
import { Navigate, useNavigate } from "react-router";

import type { Schemas } from "@/lib/api";
import { hasCode } from "@/lib/problems";
import { useSession } from "@/lib/session";
import { roleName } from "@/lib/role-names";
import { LinkButton } from "@/ui/button";
import { Form, FormPassword, FormText, SubmitButton } from "@/ui/form";
import { ProblemAlert } from "@/ui/problem";
import { Delayed, SkeletonText } from "@/ui/skeleton";
import { TextLink } from "@/ui/text-link";

import { AuthLayout, Message, Notice } from "./auth-layout";
import { filled } from "./filled";
import { NewPassword } from "./new-password";
import { useLinkSecret } from "./link-secret";
import { headingOf, LogInSteps } from "./log-in-steps";
import { invitationOf } from "./queries";
import { acceptInvitation } from "./requests";
import type { SignedIn } from "./steps";
import { enter, type LogInUnderWay, useLogIn } from "./use-log-in";
import { WaitingAlert } from "./waiting";

type Facts = Schemas["InvitationFacts"];

export function Component() {
  const secret = useLinkSecret("inv");
  return secret ? <Invitation key={secret} secret={secret} /> : <Useless />;
}

function Invitation({ secret }: { secret: string }) {
  const navigate = useNavigate();
  const goIn = useCallback(
    (signedIn: SignedIn) => {
      enter(signedIn);
      void navigate("/", { replace: true });
    },
    [navigate],
  );
  const logIn = useLogIn(goIn);
  const { step } = logIn;
  const { data: facts, error, refetch } = useQuery(invitationOf(secret));

  if (step.at !== "start") {
    return (
      <AuthLayout {...headingOf(step, { title: "Join" })} focusTitle={step.at !== "second_factor"}>
        <LogInSteps logIn={logIn} tenant={facts?.tenant_slug} />
      </AuthLayout>
    );
  }
  // The invitation was accepted; what is left is an ordinary log-in.
  if (step.why) return <Navigate to={`/login?error=${step.why}&tenant=${facts?.tenant_slug ?? ""}`} replace />;
  if (hasCode(error, "ticket_invalid")) return <Useless />;
  if (!facts) {
    return (
      <AuthLayout title="Your invitation">
        {error ? (
          <ProblemAlert error={error} onRetry={() => void refetch()} />
        ) : (
          <Delayed>
            <SkeletonText lines={6} />
          </Delayed>
        )}
      </AuthLayout>
    );
  }
  return <Accept facts={facts} secret={secret} logIn={logIn} />;
}

interface AcceptProps {
  facts: Facts;
  secret: string;
  logIn: LogInUnderWay;
}

function Accept({ facts, secret, logIn }: AcceptProps) {
  const present = useSession((session) => (session.status === "signed_in" ? session.facts?.user : undefined));
  const isOther = present !== undefined && present.email.toLowerCase() !== facts.email.toLowerCase();
  return (
    <AuthLayout
      title={`Join ${facts.tenant_name}`}
      lead={
        <>
          Your role there: <strong className="font-medium text-text">{roleName(facts.role)}</strong>
        </>
      }
    >
      {isOther && (
        <Notice
          reason={{
            title: `You are logged in as ${present.email}`,
            text: `This invitation is for ${facts.email}. Accepting it logs you in as that person on this browser.`,
          }}
        />
      )}
      <WaitingAlert waiting={logIn.waiting} />
      <AcceptForm facts={facts} secret={secret} logIn={logIn} />
    </AuthLayout>
  );
}

function AcceptForm({ facts, secret, logIn }: AcceptProps) {
  const form = useForm({ defaultValues: { email: facts.email, name: facts.name, password: "" } });
  useEffect(() => form.setFocus("password"), [form]);
  const submit = async ({ name, password }: { name: string; password: string }) => {
    if (logIn.waiting.seconds > 0) return;
    await logIn.attempt(() => acceptInvitation(secret, password, facts.has_account ? undefined : name.trim()));
  };
  return (
    <Form form={form} onSubmit={submit}>
      <FormText name="email" label="E-mail" autoComplete="username" readOnly />
      {!facts.has_account && (
        <FormText name="name" label="Your name" autoComplete="name" maxLength={200} rules={filled("Your name")} />
      )}
      {facts.has_account ? (
        <>
          <FormPassword
            name="password"
            label="Your password"
            hint="You have an account here already: it is the same person in both workspaces."
            rules={filled("Your password")}
          />
          <TextLink to="/forgot" className="self-end text-dense">
            Forgot your password?
          </TextLink>
        </>
      ) : (
        <NewPassword />
      )}
      <SubmitButton className="w-full" aria-disabled={logIn.waiting.seconds > 0}>
        Join the workspace
      </SubmitButton>
    </Form>
  );
}

function Useless() {
  return (
    <AuthLayout title="This invitation no longer works" focusTitle>
      <Message tone="warn" icon={Unlink}>
        It was accepted, withdrawn, replaced by a newer one, or is older than a week. If you accepted it, log in; else
        ask for a new one.
      </Message>
      <LinkButton to="/login" variant="primary">
        Log in
      </LinkButton>
    </AuthLayout>
  );
}
