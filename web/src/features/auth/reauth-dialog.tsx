/**
 * The session is over while somebody works. The page stays as it is under this dialog; once the same person is back in,
 * everything that waited goes on. Somebody else gets a page of their own.
 */
import { useQuery } from "@tanstack/react-query";
import { Building2 } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { flushSync } from "react-dom";
import { useForm } from "react-hook-form";
import { useNavigate } from "react-router";

import { describe, hasCode } from "@/lib/problems";
import { leaveExpired, lookAgain, useSession, useTenant, useUser } from "@/lib/session";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Form, FormPassword, FormText, SubmitButton } from "@/ui/form";
import { TextLink } from "@/ui/text-link";

import { Notice, Or } from "./auth-layout";
import { singleSignOnAddress } from "./destination";
import { filled } from "./filled";
import { headingOf, LogInSteps } from "./log-in-steps";
import { PasskeyButton } from "./passkey-button";
import { optionsOf } from "./queries";
import { reasonOf } from "./reasons";
import { logIn as send } from "./requests";
import type { SignedIn } from "./steps";
import { enter, isSomebodyElse, type LogInUnderWay, useLogIn } from "./use-log-in";
import { WaitingAlert } from "./waiting";

const HEADING = { title: "Log in again", lead: "What you typed on this page is still there." };

export function ReauthDialog() {
  // As it began: trying whether another tab is back in meanwhile may find other reasons.
  const [reason] = useState(() => reasonOf(useSession.getState().why));
  const [other, setOther] = useState<SignedIn>();
  const goOn = useCallback((signedIn: SignedIn) => {
    if (isSomebodyElse(signedIn)) setOther(signedIn);
    else enter(signedIn);
  }, []);
  const logIn = useLogIn(goOn);
  const { step } = logIn;
  useReturnOfOtherTab(other === undefined);

  const { title, lead } = other ? { title: "That is somebody else" } : headingOf(step, HEADING);
  return (
    <Dialog open onOpenChange={() => undefined} mustAnswer title={title} description={lead} size="sm">
      {other ? (
        <SomebodyElse signedIn={other} />
      ) : step.at === "start" ? (
        <>
          <Notice reason={reasonOf(step.why) ?? reason} />
          <AsBefore logIn={logIn} />
        </>
      ) : (
        <LogInSteps logIn={logIn} />
      )}
      {!other && step.at !== "recovery_codes" && (
        <Button variant="ghost" size="sm" className="self-start" onClick={leaveExpired}>
          Log out instead
        </Button>
      )}
    </Dialog>
  );
}

/** The ways in for the person whose page this is. */
function AsBefore({ logIn }: { logIn: LogInUnderWay }) {
  const user = useUser();
  const tenant = useTenant();
  const { data: options } = useQuery(optionsOf(tenant.slug));
  const form = useForm({ defaultValues: { email: user.email, password: "" } });
  useEffect(() => form.setFocus("password"), [form]);

  const submit = async ({ password }: { password: string }) => {
    if (logIn.waiting.seconds > 0) return;
    try {
      await logIn.attempt(() => send({ email: user.email, password, tenant: tenant.slug }));
    } catch (error) {
      if (!hasCode(error, "wrong_credentials")) throw error;
      const { title, detail } = describe(error);
      form.setError("password", { type: "server", message: detail || `${title}.` });
      form.setFocus("password", { shouldSelect: true });
    }
  };
  return (
    <>
      <WaitingAlert waiting={logIn.waiting} />
      <Form form={form} onSubmit={submit}>
        <FormText name="email" label="E-mail" autoComplete="username" readOnly />
        <FormPassword name="password" label="Password" rules={filled("Password")} />
        <SubmitButton className="w-full" aria-disabled={logIn.waiting.seconds > 0}>
          Log in
        </SubmitButton>
      </Form>
      <Or />
      <div className="flex flex-col gap-2">
        <PasskeyButton logIn={logIn} tenant={tenant.slug} />
        {options?.sso && (
          <p className="flex items-center justify-center gap-1.5">
            <Building2 size={16} aria-hidden className="shrink-0 text-muted" />
            <TextLink href={singleSignOnAddress(tenant.slug, "/login?returned=1")}>Use single sign-on</TextLink>
          </p>
        )}
      </div>
    </>
  );
}

/** Their log-in has replaced the session of this browser already; what is left is to say so. */
function SomebodyElse({ signedIn }: { signedIn: SignedIn }) {
  const user = useUser();
  const navigate = useNavigate();
  const goOn = () => {
    // At once, so that nothing of the old page is there any more that could hold up the way.
    flushSync(() => enter(signedIn));
    void navigate("/", { replace: true });
  };
  return (
    <>
      <p>
        You logged in as <bdi className="font-medium wrap-anywhere">{signedIn.user.email}</bdi> in{" "}
        <bdi className="font-medium wrap-anywhere">{signedIn.tenant.name}</bdi>. This page belongs to{" "}
        <bdi className="font-medium wrap-anywhere">{user.email}</bdi>; it closes, and what was not saved on it is lost.
      </p>
      <Button variant="primary" onClick={goOn}>
        Go on as {signedIn.user.name}
      </Button>
    </>
  );
}

/** Single sign-on happens in another tab: whoever comes back from there is in here, too. */
function useReturnOfOtherTab(enabled: boolean): void {
  useEffect(() => {
    if (!enabled) return undefined;
    const look = () => {
      if (document.visibilityState === "visible") lookAgain();
    };
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [enabled]);
}
