/** Single sign-on: how people of this workspace log in through their company's identity provider. */
import { useCan } from "@/lib/session";
import { Page } from "@/ui/page";
import { ErrorState, NoPermission } from "@/ui/problem";
import { Delayed, Skeleton } from "@/ui/skeleton";

import { ConnectionForm } from "./connection-form";
import { FindingDialog } from "./finding-dialog";
import { useConnection } from "./queries";
import { RemoveCard } from "./remove-card";
import { StatusCard } from "./status-card";
import { useTestTicket } from "./test-ticket";

export function Component() {
  const maySee = useCan("sso:read");
  return (
    <Page title="Single sign-on" narrow>
      {maySee ? <Content /> : <NoPermission what="see the single sign-on settings" />}
    </Page>
  );
}

function Content() {
  const mayChange = useCan("sso:manage");
  const { data: connection, error, refetch } = useConnection(true);
  const { ticket, cameBack, forget } = useTestTicket();
  if (connection === undefined) {
    return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Loading />;
  }
  return (
    <>
      <StatusCard connection={connection} mayChange={mayChange} />
      <ConnectionForm connection={connection} mayChange={mayChange} />
      {connection && mayChange && <RemoveCard />}
      <FindingDialog ticket={mayChange ? ticket : undefined} cameBack={cameBack} close={forget} />
    </>
  );
}

function Loading() {
  return (
    <Delayed>
      <Skeleton className="h-36 rounded-card" />
      <Skeleton className="h-80 rounded-card" />
      <Skeleton className="h-80 rounded-card" />
    </Delayed>
  );
}
