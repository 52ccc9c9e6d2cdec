/** A new link for an invitation that was not taken; the one before stops working. */
import { useState } from "react";

import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { ProblemAlert } from "@/ui/problem";
import { toast } from "@/ui/toast";

import { InvitationsSent } from "./invitations-sent";
import { renewInvitation, type Invitation, type Sent } from "./queries";
import { nameOf } from "./user-status";

interface Props {
  invitation: Invitation;
  onClose: () => void;
}

export function RenewDialog({ invitation, onClose }: Props) {
  const [sent, setSent] = useState<Sent>();
  const [failure, setFailure] = useState<unknown>();
  const [sending, setSending] = useState(false);
  const renew = async () => {
    setSending(true);
    setFailure(undefined);
    try {
      const renewed = await renewInvitation(invitation.id);
      if (renewed.link || renewed.delivery === "in_outbox") return setSent(renewed);
      toast({ title: `A new link is on its way to ${invitation.email}`, tone: "ok" });
      onClose();
    } catch (error) {
      setFailure(error);
    } finally {
      setSending(false);
    }
  };
  const footer = sent ? (
    <Button variant="primary" onClick={onClose}>
      Done
    </Button>
  ) : (
    <>
      <Button onClick={onClose}>Cancel</Button>
      <Button variant="primary" loading={sending} onClick={() => void renew()}>
        Send a new link
      </Button>
    </>
  );
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Invite ${nameOf(invitation)} again?`}
      description="The new link works once, for seven days. The one before stops working."
      footer={footer}
    >
      {failure !== undefined && <ProblemAlert error={failure} />}
      {sent && <InvitationsSent sent={[sent]} />}
    </Dialog>
  );
}
