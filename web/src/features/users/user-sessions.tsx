/** Where a person is logged in, and the way to end that. */
import { LogOut } from "lucide-react";
import { useState } from "react";

import { describeUserAgent } from "@/lib/browser";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/dialog";
import { Bdi } from "@/ui/name";
import { Section } from "@/ui/page";
import { ProblemAlert } from "@/ui/problem";
import { Delayed, SkeletonText } from "@/ui/skeleton";
import { RelativeTime } from "@/ui/time";
import { toast } from "@/ui/toast";

import { endSessions, useSessionsOf, type Session, type User } from "./queries";
import { nameOf } from "./user-status";

const METHODS: Record<string, string> = {
  password: "password",
  passkey: "passkey",
  sso: "single sign-on",
  invitation: "invitation",
};

export function UserSessions({ user, isMe }: { user: User; isMe: boolean }) {
  const sessions = useSessionsOf(user.id, true);
  const [asking, setAsking] = useState(false);
  const count = sessions.data?.length ?? 0;
  const howMany = count === 1 ? "1 session" : `${count} sessions`;
  const end = async () => {
    await endSessions(user.id);
    toast({ title: `${howMany} of ${nameOf(user)} ended`, tone: "ok" });
  };
  const button = (
    <Button size="sm" icon={LogOut} onClick={() => setAsking(true)}>
      End {howMany}
    </Button>
  );
  return (
    <Section title="Sessions" actions={count > 0 && button}>
      {sessions.isPending && !sessions.error && (
        <Delayed>
          <SkeletonText lines={2} />
        </Delayed>
      )}
      {sessions.error && <ProblemAlert error={sessions.error} onRetry={() => void sessions.refetch()} />}
      {sessions.data && count === 0 && <p className="text-muted">Not logged in anywhere.</p>}
      {count > 0 && (
        <ul className="flex flex-col divide-y divide-border rounded-card border border-border">
          {sessions.data?.map((session) => (
            <Row key={session.id} session={session} />
          ))}
        </ul>
      )}
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={`End ${howMany} of ${nameOf(user)}?`}
        description={
          isMe
            ? "You are logged out everywhere, here too. What you have not saved is lost."
            : "They are logged out at once and have to log in again. This cannot be undone."
        }
        confirm={`End ${howMany}`}
        danger
        onConfirm={end}
      />
    </Section>
  );
}

function Row({ session }: { session: Session }) {
  const { user_agent: agent, ip, method, has_mfa: hasFactor, last_used_at: at } = session;
  const how = METHODS[method] ?? method;
  return (
    <li className="flex items-start justify-between gap-3 px-3 py-2">
      <span className="min-w-0">
        <Bdi className="block truncate" title={agent}>
          {describeUserAgent(agent)}
        </Bdi>
        <span className="block truncate text-dense text-muted">
          {ip} · {how}
          {hasFactor && method === "password" && " and second factor"}
        </span>
      </span>
      <span className="shrink-0 text-dense text-muted">
        <RelativeTime at={at} />
      </span>
    </li>
  );
}
