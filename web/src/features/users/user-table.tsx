/** The list of people. */
import { CircleCheck, CircleSlash, Copy, PanelRightOpen } from "lucide-react";
import { useSearchParams } from "react-router";

import { useCan, useUser } from "@/lib/session";
import { roleName } from "@/lib/role-names";
import { Avatar } from "@/ui/avatar";
import { Badge } from "@/ui/badge";
import type { MenuItem } from "@/ui/menu";
import { Bdi, PersonName } from "@/ui/name";
import { DataTable, type Column } from "@/ui/table";
import { RelativeTime } from "@/ui/time";

import { copyAddress } from "./copy-address";
import { FactorMark, StatusMark } from "./marks";
import type { User, useUsers } from "./queries";
import { setStatus } from "./user-status";

const COLUMNS: Column<User>[] = [
  { id: "name", header: "Name", cell: (user) => <Name user={user} /> },
  { id: "role", header: "Role", width: 104, cell: (user) => <Truncated text={roleName(user.role)} /> },
  { id: "status", header: "Status", width: 112, optional: true, cell: (user) => <StatusMark {...user} /> },
  { id: "factor", header: "Second factor", width: 112, optional: true, cell: (user) => <FactorMark {...user} /> },
  {
    id: "sign-in",
    header: "Signs in with",
    width: 128,
    hiddenByDefault: true,
    cell: (user) => (user.uses_sso ? "Single sign-on" : "Password"),
  },
  { id: "seen", header: "Last seen", width: 120, optional: true, cell: (user) => <LastSeen user={user} /> },
  {
    id: "joined",
    header: "Joined",
    width: 120,
    hiddenByDefault: true,
    cell: (user) => <RelativeTime at={user.created_at} />,
  },
];

interface Props {
  users: ReturnType<typeof useUsers>;
  onOpen: (id: string) => void;
}

export function UserTable({ users, onOpen }: Props) {
  const [params] = useSearchParams();
  const mayManage = useCan("users:manage");
  const me = useUser();
  const menu = (user: User): MenuItem[] => [
    { label: "Open", icon: PanelRightOpen, onSelect: () => onOpen(user.id) },
    { label: "Copy e-mail address", icon: Copy, onSelect: () => void copyAddress(user.email) },
    ...(mayManage && user.id !== me.id ? statusEntries(user) : []),
  ];
  return (
    <DataTable
      label="People"
      rows={users.rows}
      columns={COLUMNS}
      rowKey={(user) => user.id}
      onRowOpen={(user) => onOpen(user.id)}
      selected={params.get("user")}
      loading={users.isPending || users.isPlaceholderData}
      fetchNextPage={users.fetchNextPage}
      hasNextPage={users.hasNextPage}
      isFetchingNextPage={users.isFetchingNextPage}
      storageKey="users"
      rowMenu={menu}
      cards={userCard}
    />
  );
}

function statusEntries(user: User): MenuItem[] {
  const disabled = user.status === "disabled";
  return [
    "separator",
    disabled
      ? { label: "Enable", icon: CircleCheck, onSelect: () => void setStatus(user, "active") }
      : { label: "Disable", icon: CircleSlash, onSelect: () => void setStatus(user, "disabled") },
  ];
}

function Name({ user }: { user: User }) {
  const me = useUser();
  return (
    <span className="flex min-w-0 items-center gap-2.5">
      <Avatar name={user.name} size={28} />
      <PersonName name={user.name} email={user.email} className="leading-[18px]" />
      {user.id === me.id && <Badge>You</Badge>}
    </span>
  );
}

function Truncated({ text }: { text: string }) {
  return (
    <Bdi className="block truncate" title={text}>
      {text}
    </Bdi>
  );
}

function LastSeen({ user, never = "Never" }: { user: User; never?: string }) {
  return user.last_seen_at ? <RelativeTime at={user.last_seen_at} /> : <span className="text-muted">{never}</span>;
}

function UserCard({ user }: { user: User }) {
  return (
    <span className="flex min-w-0 items-center gap-3">
      <Avatar name={user.name} size={36} />
      <PersonName name={user.name} email={user.email} className="flex-1" />
      <span className="flex shrink-0 flex-col items-end gap-1 text-dense">
        {roleName(user.role)}
        {user.status === "active" ? <LastSeen user={user} never="Not seen yet" /> : <StatusMark {...user} />}
      </span>
    </span>
  );
}

const userCard = (user: User) => <UserCard user={user} />;
