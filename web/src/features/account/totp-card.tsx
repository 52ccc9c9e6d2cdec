/** The authenticator app and its recovery codes. */
import { CircleAlert, CircleCheck, ShieldAlert } from "lucide-react";
import { useState } from "react";

import type { Schemas } from "@/lib/api";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Card, DetailList } from "@/ui/page";
import { toast } from "@/ui/toast";

import { ProofDialog } from "./proof-dialog";
import { removeTotp, useIsAsked } from "./queries";
import { RecoveryDialog } from "./recovery-dialog";
import { TotpDialog } from "./totp-dialog";

/** Time to make new ones. */
const FEW = 3;

export function TotpCard({ factors, role }: { factors: Schemas["Factors"]; role: string }) {
  const [opened, setOpened] = useState<"set-up" | "remove" | "codes">();
  const close = () => setOpened(undefined);
  const isAsked = useIsAsked(role, opened === "remove");
  const { totp, recovery_codes: left } = factors;
  return (
    <Card
      title="Authenticator app"
      description="An app on your phone shows a new code every 30 seconds. It is asked for after your password."
      actions={
        <Badge tone={totp ? "ok" : "warn"} icon={totp ? CircleCheck : CircleAlert}>
          {totp ? "On" : "Not set up"}
        </Badge>
      }
      footer={
        totp ? (
          <>
            <Button onClick={() => setOpened("codes")}>Make new recovery codes</Button>
            <Button onClick={() => setOpened("set-up")}>Move to another app</Button>
            <Button variant="ghost" className="text-danger-text" onClick={() => setOpened("remove")}>
              Remove
            </Button>
          </>
        ) : (
          <Button variant="primary" onClick={() => setOpened("set-up")}>
            Set up authenticator app
          </Button>
        )
      }
    >
      {totp && <DetailList items={[{ term: "Recovery codes", detail: <CodesLeft left={left} /> }]} />}
      {opened === "set-up" && <TotpDialog replaces={totp} close={close} />}
      {opened === "codes" && <RecoveryDialog left={left} close={close} />}
      <ProofDialog
        open={opened === "remove"}
        onOpenChange={close}
        title="Remove the authenticator app?"
        description={consequence(factors, isAsked)}
        confirm="Remove authenticator app"
        danger
        needsCode
        onProve={async (proof) => {
          await removeTotp(proof);
          close();
          toast({ title: "Authenticator app removed", tone: "ok" });
        }}
      />
    </Card>
  );
}

function CodesLeft({ left }: { left: number }) {
  if (left > FEW) return <span className="tabular-nums">{left} left</span>;
  return (
    <span className="flex flex-wrap items-center gap-2">
      <Badge tone="warn" icon={ShieldAlert}>
        {left === 0 ? "None left" : `Only ${left} left`}
      </Badge>
      <span className="text-muted">Make new ones before you need them.</span>
    </span>
  );
}

function consequence({ passkeys }: Schemas["Factors"], isAsked: boolean): string {
  if (passkeys > 0) return "You will log in with your password and a passkey. The app’s codes stop working.";
  return isAsked
    ? "Your role needs a second factor: at your next log-in you are asked to set one up again."
    : "You will log in with your password alone, which anybody who learns it can do.";
}
