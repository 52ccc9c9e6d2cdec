/** Takes an invitation back. */
import { useRef } from "react";

import { ConfirmDialog } from "@/ui/dialog";
import { toast } from "@/ui/toast";

import { withdrawInvitation, type Invitation } from "./queries";
import { nameOf } from "./user-status";

interface Props {
  invitation: Invitation | undefined;
  onClose: () => void;
}

export function WithdrawDialog({ invitation, onClose }: Props) {
  // While the dialog closes it still says whom it was about.
  const last = useRef(invitation);
  if (invitation) last.current = invitation;
  const shown = last.current;
  if (!shown) return null;
  const withdraw = async () => {
    await withdrawInvitation(shown.id);
    toast({ title: `The invitation of ${nameOf(shown)} is withdrawn`, tone: "ok" });
  };
  return (
    <ConfirmDialog
      open={invitation !== undefined}
      onOpenChange={(open) => !open && onClose()}
      title={`Withdraw the invitation of ${nameOf(shown)}?`}
      description="The link stops working at once. This cannot be undone, but you can invite them anew."
      confirm="Withdraw 1 invitation"
      danger
      onConfirm={withdraw}
    />
  );
}
