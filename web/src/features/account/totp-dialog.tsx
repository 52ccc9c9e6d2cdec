/** Setting up an authenticator app, or moving to another one: proof, picture and first code, recovery codes. */
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";

import { tenantKey } from "@/lib/api";
import { describe, hasCode } from "@/lib/problems";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { FormActions } from "@/ui/form-actions";
import { ErrorState, ProblemAlert } from "@/ui/problem";
import { TotpSetup } from "@/ui/totp-setup";

import { ProofForm } from "./proof-dialog";
import { confirmTotp, startTotp, type Enrolment, type Proof } from "./queries";
import { RecoveryCodes } from "./recovery-codes";

/** `replaces`: an app is set up already, and stays the one that counts until the new one has shown a code. */
export function TotpDialog({ replaces, close }: { replaces: boolean; close: () => void }) {
  const [proved, setProved] = useState<Enrolment>();
  const [codes, setCodes] = useState<string[]>();
  const title = codes
    ? "Keep your recovery codes"
    : replaces
      ? "Move to another authenticator app"
      : "Set up an authenticator app";
  return (
    <Dialog open onOpenChange={(open) => !open && close()} mustAnswer={codes !== undefined} title={title}>
      {codes ? (
        <RecoveryCodes codes={codes} done={close} />
      ) : proved ? (
        <Setup enrolment={proved} onCodes={setCodes} close={close} />
      ) : replaces ? (
        <>
          <p className="text-muted">Your present app goes on working until the new one has shown its first code.</p>
          <ProofForm
            needsCode
            confirm="Continue"
            close={close}
            onProve={async (proof: Proof) => setProved(await startTotp(proof))}
          />
        </>
      ) : (
        <FirstSetup onCodes={setCodes} close={close} />
      )}
    </Dialog>
  );
}

interface SetupProps {
  onCodes: (codes: string[]) => void;
  close: () => void;
}

/** Where no app is set up there is nothing to prove. */
function FirstSetup({ onCodes, close }: SetupProps) {
  const [opening] = useState(() => crypto.randomUUID());
  const { data, error, refetch } = useQuery({
    queryKey: tenantKey("totp-enrolment", opening),
    queryFn: () => startTotp({}),
    staleTime: Infinity,
    gcTime: 0,
    meta: { keep: false },
  });
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  return <Setup enrolment={data} onCodes={onCodes} close={close} />;
}

function Setup({ enrolment, onCodes, close }: SetupProps & { enrolment: Enrolment | undefined }) {
  const [code, setCode] = useState("");
  const [wrong, setWrong] = useState<string>();
  const [failure, setFailure] = useState<unknown>();
  const [working, setWorking] = useState(false);
  const running = useRef(false);

  const confirm = async (typed: string) => {
    if (!enrolment || running.current) return;
    if (typed.length < 6) {
      setWrong("Enter the six digits that the app shows.");
      return;
    }
    running.current = true;
    setWorking(true);
    setWrong(undefined);
    setFailure(undefined);
    try {
      onCodes(await confirmTotp(enrolment.enrolment, typed));
    } catch (error) {
      if (hasCode(error, "wrong_code")) setWrong(describe(error).title);
      else setFailure(error);
    } finally {
      running.current = false;
      setWorking(false);
    }
  };

  return (
    <form
      className="contents"
      onSubmit={(event) => {
        event.preventDefault();
        void confirm(code);
      }}
    >
      {failure !== undefined && <ProblemAlert error={failure} />}
      <TotpSetup
        url={enrolment?.url}
        secret={enrolment?.secret}
        code={code}
        onCode={setCode}
        onComplete={(typed) => void confirm(typed)}
        error={wrong}
      />
      <FormActions>
        <Button onClick={close}>Cancel</Button>
        <Button type="submit" variant="primary" loading={working}>
          Turn it on
        </Button>
      </FormActions>
    </form>
  );
}
