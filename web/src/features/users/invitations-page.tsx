/** Who was invited, and what became of it. */
import { MailPlus } from "lucide-react";
import { useState } from "react";
import { useSearchParams } from "react-router";

import { useCan } from "@/lib/session";
import { useShortcuts } from "@/lib/shortcuts";
import { Button } from "@/ui/button";
import { ListNews } from "@/ui/list-news";
import { EmptyState, ErrorState, NoPermission, ProblemAlert } from "@/ui/problem";

import { InvitationTable } from "./invitation-table";
import { InviteDialog } from "./invite-dialog";
import { PeoplePage } from "./people-page";
import { useInvitations, type Invitation } from "./queries";
import { RenewDialog } from "./renew-dialog";
import { WithdrawDialog } from "./withdraw-dialog";

export function Component() {
  const mayManage = useCan("users:manage");
  const [params, setParams] = useSearchParams();
  const open = () => setParams({ new: "" });
  useShortcuts("Invitations", mayManage ? [{ keys: "n", does: "Invite people", run: open }] : []);
  if (!mayManage) {
    return (
      <PeoplePage title="Invitations">
        <NoPermission what="invite people" />
      </PeoplePage>
    );
  }
  const invite = (
    <Button variant="primary" icon={MailPlus} onClick={open}>
      Invite people
    </Button>
  );
  return (
    <PeoplePage title="Invitations" actions={invite}>
      <List onInvite={open} />
      <InviteDialog open={params.has("new")} onClose={() => setParams({}, { replace: true })} />
    </PeoplePage>
  );
}

function List({ onInvite }: { onInvite: () => void }) {
  const invitations = useInvitations(true);
  const [renewed, setRenewed] = useState<Invitation>();
  const [withdrawn, setWithdrawn] = useState<Invitation>();
  if (invitations.error && invitations.rows.length === 0) {
    return <ErrorState error={invitations.error} onRetry={() => void invitations.refetch()} />;
  }
  if (invitations.isSuccess && invitations.rows.length === 0) {
    return (
      <EmptyState
        icon={MailPlus}
        title="Nobody has been invited yet"
        text="An invited person gets a link that works once, for seven days, and chooses a password with it."
        action={
          <Button icon={MailPlus} onClick={onInvite}>
            Invite people
          </Button>
        }
      />
    );
  }
  return (
    <>
      {invitations.error && <ProblemAlert error={invitations.error} onRetry={() => void invitations.refetch()} />}
      <ListNews list={invitations} />
      <InvitationTable invitations={invitations} onRenew={setRenewed} onWithdraw={setWithdrawn} />
      {renewed && <RenewDialog invitation={renewed} onClose={() => setRenewed(undefined)} />}
      {withdrawn && <WithdrawDialog invitation={withdrawn} onClose={() => setWithdrawn(undefined)} />}
    </>
  );
}
