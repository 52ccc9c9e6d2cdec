/** Takes an invitation back. */
import { ConfirmDialog } from "@/ui/dialog";
import { toast } from "@/ui/toast";

import { withdrawInvitation, type Invitation } from "./queries";
import { nameOf } from "./user-status";

interface Props {
  invitation: Invitation;
  onClose: () => void;
}

export function WithdrawDialog({ invitation, onClose }: Props) {
  const withdraw = async () => {
    await withdrawInvitation(invitation.id);
    toast({ title: `The invitation of ${nameOf(invitation)} is withdrawn`, tone: "ok" });
  };
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Withdraw the invitation of ${nameOf(invitation)}?`}
      description="The link stops working at once. This cannot be undone, but you can invite them anew."
      confirm="Withdraw 1 invitation"
      danger
      onConfirm={withdraw}
    />
  );
}
