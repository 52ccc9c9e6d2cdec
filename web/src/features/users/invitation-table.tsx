/** The list of invitations. */
import { Copy, RotateCw, Undo2 } from "lucide-react";

import { serverNow } from "@/lib/clock";
import { roleName } from "@/lib/role-names";
import type { MenuItem } from "@/ui/menu";
import { PersonName } from "@/ui/name";
import { DataTable, type Column } from "@/ui/table";
import { RelativeTime } from "@/ui/time";

import { copyAddress } from "./copy-address";
import { isOpen, stateAt } from "./invitation-state";
import { InvitationMark } from "./marks";
import type { Invitation, useInvitations } from "./queries";

const Mark = ({ invitation }: { invitation: Invitation }) => (
  <InvitationMark state={stateAt(invitation, serverNow())} />
);

const COLUMNS: Column<Invitation>[] = [
  {
    id: "name",
    header: "Name",
    cell: ({ name, email }) => <PersonName name={name} email={email} className="leading-[18px]" />,
  },
  { id: "role", header: "Role", width: 104, cell: ({ role }) => roleName(role) },
  { id: "state", header: "State", width: 120, cell: (invitation) => <Mark invitation={invitation} /> },
  {
    id: "sent",
    header: "Invited",
    width: 120,
    optional: true,
    cell: ({ created_at: at }) => <RelativeTime at={at} />,
  },
  {
    id: "expires",
    header: "Link ends",
    width: 120,
    optional: true,
    cell: (invitation) => <Ends invitation={invitation} />,
  },
];

/** Only where the link still counts. */
function Ends({ invitation }: { invitation: Invitation }) {
  return isOpen(invitation.state) ? <RelativeTime at={invitation.expires_at} /> : <span className="text-muted">–</span>;
}

interface Props {
  invitations: ReturnType<typeof useInvitations>;
  onRenew: (invitation: Invitation) => void;
  onWithdraw: (invitation: Invitation) => void;
}

export function InvitationTable({ invitations, onRenew, onWithdraw }: Props) {
  const menu = (invitation: Invitation): MenuItem[] => [
    ...(isOpen(invitation.state)
      ? ([
          { label: "Send a new link", icon: RotateCw, onSelect: () => onRenew(invitation) },
          { label: "Withdraw", icon: Undo2, danger: true, onSelect: () => onWithdraw(invitation) },
          "separator",
        ] satisfies MenuItem[])
      : []),
    { label: "Copy e-mail address", icon: Copy, onSelect: () => void copyAddress(invitation.email) },
  ];
  return (
    <DataTable
      label="Invitations"
      rows={invitations.rows}
      columns={COLUMNS}
      rowKey={({ id }) => id}
      loading={invitations.isPending}
      fetchNextPage={invitations.fetchNextPage}
      hasNextPage={invitations.hasNextPage}
      isFetchingNextPage={invitations.isFetchingNextPage}
      storageKey="invitations"
      rowMenu={menu}
      cards={invitationCard}
    />
  );
}

function InvitationCard({ invitation }: { invitation: Invitation }) {
  return (
    <span className="flex min-w-0 items-center gap-3">
      <PersonName name={invitation.name} email={invitation.email} className="flex-1" />
      <span className="flex shrink-0 flex-col items-end gap-1 text-dense">
        {roleName(invitation.role)}
        <Mark invitation={invitation} />
      </span>
    </span>
  );
}

const invitationCard = (invitation: Invitation) => <InvitationCard invitation={invitation} />;
