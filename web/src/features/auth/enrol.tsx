/** Setting up the second factor that the role demands, before the first session opens. */
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";

import { clockSkew } from "@/lib/clock";
import { hasCode, ProblemError } from "@/lib/problems";
import { Button } from "@/ui/button";
import { CheckField } from "@/ui/field-choice";
import { ProblemAlert } from "@/ui/problem";
import { Secret } from "@/ui/code";
import { TotpSetup } from "@/ui/totp-setup";

import { clockHint } from "./clock-hint";
import { confirmEnrolment, startEnrolment } from "./requests";
import { endsSteps, type SignedIn } from "./steps";
import type { LogInUnderWay } from "./use-log-in";
import { WaitingAlert } from "./waiting";

export function Enrol({ logIn, ticket }: { logIn: LogInUnderWay; ticket: string }) {
  const { move } = logIn;
  const begun = useQuery({
    queryKey: ["enrolment", ticket],
    queryFn: () => startEnrolment(ticket),
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
  const { error } = begun;
  useEffect(() => {
    if (error instanceof ProblemError && endsSteps(error.code)) move({ type: "refused", code: error.code });
  }, [error, move]);

  const [code, setCode] = useState("");
  const [wrong, setWrong] = useState("");
  const [failure, setFailure] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  const confirm = async (entered: string) => {
    if (busy || !begun.data || logIn.waiting.seconds > 0) return;
    const { enrolment } = begun.data;
    setFailure(undefined);
    if (entered.length < 6) return setWrong("Fill in the six digits that the app shows.");
    setBusy(true);
    try {
      await logIn.attempt(() => confirmEnrolment(ticket, enrolment, entered));
    } catch (caught) {
      if (!hasCode(caught, "wrong_code")) return setFailure(caught);
      setCode("");
      setWrong(`The code is wrong. Enter the one that the app shows now.${clockHint(clockSkew())}`);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void confirm(code);
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-5">
      <WaitingAlert waiting={logIn.waiting} />
      {error && <ProblemAlert error={error} onRetry={() => void begun.refetch()} />}
      {failure !== undefined && <ProblemAlert error={failure} />}
      <TotpSetup
        url={begun.data?.url}
        secret={begun.data?.secret}
        code={code}
        onCode={(text) => {
          setCode(text);
          setWrong("");
        }}
        onComplete={(entered) => void confirm(entered)}
        error={wrong || undefined}
      />
      <Button type="submit" variant="primary" loading={busy} className="w-full">
        Turn it on
      </Button>
    </form>
  );
}

export function RecoveryCodes({ logIn, signedIn }: { logIn: LogInUnderWay; signedIn: SignedIn }) {
  const [isKept, keep] = useState(false);
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, []);
  return (
    <form
      className="flex flex-col gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        if (isKept) logIn.move({ type: "kept" });
      }}
    >
      <Secret
        text={(signedIn.recovery_codes ?? []).join("\n")}
        label="Recovery codes"
        file="socialai-recovery-codes.txt"
      />
      <CheckField label="I have kept them where I find them without this device" checked={isKept} onChange={keep} />
      <Button type="submit" variant="primary" disabled={!isKept} className="w-full">
        Go on
      </Button>
    </form>
  );
}
