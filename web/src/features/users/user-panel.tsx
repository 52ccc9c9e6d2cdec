/** One person: who they are, and everything that an admin can do for or about them. */
import type { ReactNode } from "react";

import { hasCode } from "@/lib/problems";
import { useCan, useUser } from "@/lib/session";
import { roleName } from "@/lib/role-names";
import { Avatar } from "@/ui/avatar";
import { Badge } from "@/ui/badge";
import { Copyable } from "@/ui/code";
import { PersonName } from "@/ui/name";
import { DetailList } from "@/ui/page";
import { EmptyState, ErrorState, ProblemAlert } from "@/ui/problem";
import { Sheet } from "@/ui/sheet";
import { Delayed, SkeletonText } from "@/ui/skeleton";
import { TextLink } from "@/ui/text-link";
import { DateTime, RelativeTime } from "@/ui/time";
import { UserX } from "lucide-react";

import { FactorMark, StatusMark } from "./marks";
import { useUserOfId, type User } from "./queries";
import { UserAccess } from "./user-access";
import { UserLeaving } from "./user-leaving";
import { UserRole } from "./user-role";
import { UserSessions } from "./user-sessions";

interface Props {
  id: string;
  onClose: () => void;
}

export function UserPanel({ id, onClose }: Props) {
  const user = useUserOfId(id);
  return (
    <Sheet open onOpenChange={(open) => !open && onClose()} title="Person">
      {hasCode(user.error, "not_found", "malformed_parameter") ? (
        <Missing />
      ) : user.data ? (
        <Person user={user.data} error={user.error} onRetry={() => void user.refetch()} onClose={onClose} />
      ) : user.error ? (
        <ErrorState error={user.error} onRetry={() => void user.refetch()} />
      ) : (
        <Delayed>
          <SkeletonText lines={8} />
        </Delayed>
      )}
    </Sheet>
  );
}

function Missing() {
  return (
    <EmptyState
      icon={UserX}
      title="There is no such person here"
      text="The person was removed, or works in another workspace. The audit log keeps what they did."
    />
  );
}

interface PersonProps {
  user: User;
  /** Reading it again failed; what is shown is from before. */
  error: unknown;
  onRetry: () => void;
  onClose: () => void;
}

function Person({ user, error, onRetry, onClose }: PersonProps) {
  const mayManage = useCan("users:manage");
  const isMe = useUser().id === user.id;
  return (
    <div className="flex flex-col gap-6">
      <header className="flex min-w-0 items-center gap-3">
        <Avatar name={user.name} size={40} />
        <PersonName name={user.name} className="flex-1 text-lg font-semibold" />
        {isMe && <Badge>You</Badge>}
      </header>
      {error !== null && <ProblemAlert error={error} onRetry={onRetry} />}
      <Facts user={user} mayManage={mayManage} />
      {mayManage && <UserRole user={user} isMe={isMe} />}
      {mayManage && <UserSessions user={user} isMe={isMe} />}
      {mayManage && (isMe ? <OwnAccess /> : <UserAccess user={user} />)}
      {mayManage && <UserLeaving user={user} isMe={isMe} onGone={onClose} />}
      {!mayManage && <p className="text-dense text-muted">Only admins change roles and let people in or out.</p>}
    </div>
  );
}

function Facts({ user, mayManage }: { user: User; mayManage: boolean }) {
  const items: { term: string; detail: ReactNode }[] = [
    { term: "E-mail", detail: <Copyable text={user.email} label="e-mail address" className="-ms-1" /> },
    ...(mayManage ? [] : [{ term: "Role", detail: roleName(user.role) }]),
    { term: "Status", detail: <StatusMark {...user} /> },
    { term: "Second factor", detail: <FactorMark {...user} /> },
    { term: "Signs in with", detail: user.uses_sso ? "Single sign-on" : "Password or passkey" },
    { term: "Last seen", detail: user.last_seen_at ? <RelativeTime at={user.last_seen_at} /> : "Never" },
    { term: "Joined", detail: <DateTime at={user.created_at} /> },
    { term: "Id", detail: <Copyable text={user.id} label="id" className="-ms-1" /> },
  ];
  return <DetailList items={items} />;
}

function OwnAccess() {
  return (
    <p className="text-muted">
      Your own password, authenticator app and passkeys are in{" "}
      <TextLink to="/settings/security">Password and factors</TextLink>.
    </p>
  );
}
