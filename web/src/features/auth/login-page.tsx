/** The door: password, passkey, single sign-on, and the people of the demo. */
import { useQuery } from "@tanstack/react-query";
import { Building2, CircleCheck } from "lucide-react";
import { useEffect, useState } from "react";
import { Navigate, useSearchParams } from "react-router";

import { tellOtherTabs, useSession } from "@/lib/session";
import { Button, LinkButton } from "@/ui/button";
import { Delayed, SkeletonText } from "@/ui/skeleton";

import { AuthLayout, Message, Notice, Or } from "./auth-layout";
import { CredentialsForm } from "./credentials-form";
import { DemoLogIns } from "./demo-log-ins";
import { destination } from "./destination";
import { headingOf, LogInSteps } from "./log-in-steps";
import { PasskeyButton, usePasskeyAutofill } from "./passkey-button";
import { optionsOf } from "./queries";
import { reasonOf } from "./reasons";
import { goTo, SsoForm } from "./sso-form";
import { enter, type LogInUnderWay, useLogIn } from "./use-log-in";

export function Component() {
  const [params] = useSearchParams();
  const status = useSession((session) => session.status);
  const logIn = useLogIn(enter);
  // Outlives the first step: whoever has to start again need not type the address again.
  const [person, setPerson] = useState<Person>({ email: "", tenant: "", picks: 0 });
  const { step } = logIn;

  if (step.at === "recovery_codes") return <Later logIn={logIn} />;
  if (status === "signed_in") {
    return params.has("returned") ? <BackIn /> : <Navigate to={destination(params.get("next"))} replace />;
  }
  if (status === "starting") {
    return (
      <AuthLayout title="Log in">
        <Delayed>
          <SkeletonText lines={5} />
        </Delayed>
      </AuthLayout>
    );
  }
  if (step.at !== "start") return <Later logIn={logIn} />;
  return <Start logIn={logIn} why={step.why} person={person} onPerson={setPerson} />;
}

interface Person {
  email: string;
  tenant: string;
  /** How often somebody of the demo was picked, which begins the form anew. */
  picks: number;
}

function Later({ logIn }: { logIn: LogInUnderWay }) {
  const [params] = useSearchParams();
  return (
    <AuthLayout {...headingOf(logIn.step, { title: "Log in" })} focusTitle={logIn.step.at !== "second_factor"}>
      <LogInSteps logIn={logIn} tenant={params.get("tenant") ?? undefined} />
    </AuthLayout>
  );
}

interface StartProps {
  logIn: LogInUnderWay;
  why: string | undefined;
  person: Person;
  onPerson: (person: Person) => void;
}

function Start({ logIn, why, person, onPerson }: StartProps) {
  const [params, setParams] = useSearchParams();
  const [isAsking, ask] = useState(false);
  // Once the person does something, what led here is old news.
  const [isTried, setTried] = useState(false);
  const tenant = person.tenant || (params.get("tenant")?.trim().slice(0, 64) ?? "");
  const returnTo = destination(params.get("next"));
  const bySso = params.get("way") === "sso";
  const { data: options } = useQuery(optionsOf(tenant));
  usePasskeyAutofill(logIn, tenant, !bySso && !isAsking);

  const pick = ({ email, tenant }: { email: string; tenant: string }) =>
    onPerson({ email, tenant, picks: person.picks + 1 });
  const changeWay = (way: "sso" | undefined) =>
    setParams((before) => {
      const after = new URLSearchParams(before);
      if (way) after.set("way", way);
      else after.delete("way");
      return after;
    });
  return (
    <AuthLayout
      title={bySso ? "Single sign-on" : "Log in"}
      beside={<DemoLogIns demo={options?.demo ?? []} logIn={logIn} onPick={pick} />}
    >
      {!isTried && <Notice reason={reasonOf(why ?? params.get("error"))} />}
      {bySso ? (
        <SsoForm tenant={tenant} returnTo={returnTo} />
      ) : (
        <>
          {tenant && options?.sso && (
            <>
              <Button variant="primary" icon={Building2} className="w-full" onClick={() => goTo(tenant, returnTo)}>
                Log in to {tenant} with your company’s account
              </Button>
              <Or />
            </>
          )}
          <CredentialsForm
            key={person.picks}
            logIn={logIn}
            tenant={tenant}
            email={person.email}
            onSend={(email) => {
              setTried(true);
              onPerson({ ...person, email });
            }}
          />
        </>
      )}
      <Or />
      <div className="flex flex-col gap-2">
        <PasskeyButton logIn={logIn} tenant={tenant} onBusy={ask} />
        {bySso ? (
          <Button className="w-full" onClick={() => changeWay(undefined)}>
            Use e-mail and password
          </Button>
        ) : (
          <Button icon={Building2} className="w-full" onClick={() => changeWay("sso")}>
            Use single sign-on
          </Button>
        )}
      </div>
    </AuthLayout>
  );
}

/** Single sign-on for a session that was over happens in a tab of its own, and this is where that ends. */
function BackIn() {
  useEffect(() => tellOtherTabs("signed_in"), []);
  return (
    <AuthLayout title="You are logged in again" focusTitle>
      <Message tone="ok" icon={CircleCheck}>
        Go back to the tab that you were in: it goes on where it stopped. You can close this one.
      </Message>
      <LinkButton to="/">Go on here instead</LinkButton>
    </AuthLayout>
  );
}
