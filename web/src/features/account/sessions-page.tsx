/** Where one is logged in. */
import { LogOut } from "lucide-react";
import { useState } from "react";

import { formatNumber } from "@/lib/format";
import { logOutEverywhere } from "@/lib/session";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/dialog";
import { Page } from "@/ui/page";
import { ErrorState, ProblemAlert } from "@/ui/problem";
import { Delayed, Skeleton } from "@/ui/skeleton";
import { toast } from "@/ui/toast";

import { deviceOf, inOrder } from "./devices";
import { endOwnSession, useMe, useOwnSessions, type Session } from "./queries";
import { SessionRow } from "./session-row";

export function Component() {
  const me = useMe();
  const sessions = useOwnSessions();
  const [ending, setEnding] = useState<Session>();
  const [leaving, setLeaving] = useState(false);
  const error = me.error ?? sessions.error;
  const retry = () => void Promise.all([me.refetch(), sessions.refetch()]);
  const rows = me.data && sessions.data && inOrder(sessions.data, me.data.session);
  // An identity provider's session speaks for its own workspace only.
  const isSso = me.data?.method === "sso";
  return (
    <Page
      title="Sessions"
      narrow
      actions={
        <Button icon={LogOut} disabled={!rows} onClick={() => setLeaving(true)}>
          Log out everywhere
        </Button>
      }
    >
      {rows ? (
        <>
          <p className="text-muted">
            Each browser or program in which you are logged in to this workspace. End those that you do not know, and
            then change your password.
          </p>
          {error && <ProblemAlert error={error} onRetry={retry} />}
          <ul aria-label="Sessions" className="divide-y divide-border rounded-card border border-border bg-surface">
            {rows.map((session) => (
              <SessionRow
                key={session.id}
                session={session}
                isThis={session.id === me.data.session}
                onEnd={() => setEnding(session)}
              />
            ))}
          </ul>
        </>
      ) : error ? (
        <ErrorState error={error} onRetry={retry} />
      ) : (
        <Loading />
      )}
      <ConfirmDialog
        open={ending !== undefined}
        onOpenChange={() => setEnding(undefined)}
        title="End this session?"
        description={`${ending ? deviceOf(ending) : ""} is logged out at once. What is typed there and not saved is lost.`}
        confirm="End 1 session"
        danger
        onConfirm={async () => {
          if (ending) await endOwnSession(ending.id);
          toast({ title: "Session ended", tone: "ok" });
        }}
      />
      <ConfirmDialog
        open={leaving}
        onOpenChange={setLeaving}
        title="Log out everywhere?"
        description={everywhere(rows?.length ?? 0, isSso)}
        confirm="Log out everywhere"
        danger
        onConfirm={logOutEverywhere}
      />
    </Page>
  );
}

function everywhere(count: number, isSso: boolean): string {
  const here = count === 1 ? "Your 1 session" : `Your ${formatNumber(count)} sessions`;
  const elsewhere = isSso ? "" : ", and those in your other workspaces,";
  return `${here} in this workspace${elsewhere} end at once, this one included. You log in again to go on.`;
}

function Loading() {
  return (
    <Delayed>
      <Skeleton className="h-10" />
      <Skeleton className="h-48 rounded-card" />
    </Delayed>
  );
}
