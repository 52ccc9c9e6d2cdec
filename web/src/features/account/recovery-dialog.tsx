/** New recovery codes in place of the old ones. */
import { useState } from "react";

import { Dialog } from "@/ui/dialog";

import { ProofForm } from "./proof-dialog";
import { makeRecoveryCodes } from "./queries";
import { RecoveryCodes } from "./recovery-codes";

export function RecoveryDialog({ close, left }: { close: () => void; left: number }) {
  const [codes, setCodes] = useState<string[]>();
  const old = left === 1 ? "The 1 code that is left stops working." : `The ${left} codes that are left stop working.`;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      mustAnswer={codes !== undefined}
      title={codes ? "Your new recovery codes" : "Make new recovery codes"}
      description={codes || left === 0 ? undefined : old}
    >
      {codes ? (
        <RecoveryCodes codes={codes} done={close} />
      ) : (
        <ProofForm
          needsCode
          confirm="Make new codes"
          close={close}
          onProve={async (proof) => setCodes(await makeRecoveryCodes(proof))}
        />
      )}
    </Dialog>
  );
}
