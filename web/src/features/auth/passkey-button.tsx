/** Logging in with what the device keeps: no address, no password, no code. */
import { Fingerprint } from "lucide-react";
import { useEffect, useState } from "react";

import { autofillSupported } from "@/lib/passkeys";
import { Button, type ButtonVariant } from "@/ui/button";
import { ProblemAlert } from "@/ui/problem";

import { logInWithPasskey } from "./requests";
import type { LogInUnderWay } from "./use-log-in";

interface PasskeyButtonProps {
  logIn: LogInUnderWay;
  tenant?: string | undefined;
  variant?: ButtonVariant;
  /** The browser can listen to one request at a time. */
  onBusy?: (busy: boolean) => void;
}

export function PasskeyButton({ logIn, tenant, variant, onBusy }: PasskeyButtonProps) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const change = (now: boolean) => {
    setBusy(now);
    onBusy?.(now);
  };
  const press = async () => {
    setFailure(undefined);
    change(true);
    try {
      await logIn.attempt(() => logInWithPasskey(tenant));
    } catch (error) {
      setFailure(error);
    } finally {
      change(false);
    }
  };
  return (
    <>
      <Button icon={Fingerprint} variant={variant} loading={busy} onClick={() => void press()} className="w-full">
        Use a passkey
      </Button>
      {failure !== undefined && <ProblemAlert error={failure} />}
    </>
  );
}

/** The server forgets a challenge after five minutes. */
const CHALLENGE_MS = 4 * 60_000;

/** Offers passkeys among what the browser fills into the address field. Silent: whoever wants none notices nothing. */
export function usePasskeyAutofill({ attempt }: LogInUnderWay, tenant: string, enabled: boolean): void {
  useEffect(() => {
    if (!enabled) return undefined;
    const stop = new AbortController();
    void offer(attempt, tenant, stop.signal);
    return () => stop.abort();
  }, [attempt, tenant, enabled]);
}

async function offer(attempt: LogInUnderWay["attempt"], tenant: string, signal: AbortSignal): Promise<void> {
  if (!(await autofillSupported())) return;
  while (!signal.aborted) {
    const round = AbortSignal.timeout(CHALLENGE_MS);
    try {
      await attempt(() => logInWithPasskey(tenant, AbortSignal.any([signal, round]), true));
      return;
    } catch {
      // The challenge grew old: another one. Anything else has a button that says what is wrong.
      if (!round.aborted) return;
    }
  }
}
