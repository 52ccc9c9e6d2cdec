/** How one proves who one is: password, authenticator app, recovery codes, passkeys. */
import { KeyRound } from "lucide-react";

import { useTenant } from "@/lib/session";
import { Bdi } from "@/ui/name";
import { Page } from "@/ui/page";
import { EmptyState, ErrorState } from "@/ui/problem";
import { Delayed, Skeleton } from "@/ui/skeleton";
import { TextLink } from "@/ui/text-link";

import { PasskeysCard } from "./passkeys-card";
import { PasswordCard } from "./password-card";
import { useFactors, useMe, usePasskeys } from "./queries";
import { TotpCard } from "./totp-card";

export function Component() {
  return (
    <Page title="Password and factors" narrow>
      <Content />
    </Page>
  );
}

function Content() {
  const me = useMe();
  // A session of the workspace's identity provider may not touch the person's own password and factors.
  const isOwn = me.data !== undefined && me.data.method !== "sso";
  const factors = useFactors(isOwn);
  const passkeys = usePasskeys(isOwn);
  if (me.data?.method === "sso") return <ThroughSingleSignOn />;
  const error = me.data ? factors.error : me.error;
  if (error && !factors.data) {
    return <ErrorState error={error} onRetry={() => void (me.data ? factors : me).refetch()} />;
  }
  if (!factors.data || passkeys.isPending) return <Loading />;
  return (
    <>
      <PasswordCard />
      <TotpCard factors={factors.data} role={me.data?.user.role ?? ""} />
      <PasskeysCard needsCode={factors.data.totp} />
    </>
  );
}

function ThroughSingleSignOn() {
  const tenant = useTenant();
  return (
    <EmptyState
      icon={KeyRound}
      title="You logged in by single sign-on"
      text={
        <>
          Your company’s identity provider looks after your password and second factor for <Bdi>{tenant.name}</Bdi>. To
          change those that you have here, log out and log in with your own password or passkey. If you never set one,
          ask for a link at <TextLink to="/forgot">Forgot password</TextLink>.
        </>
      }
    />
  );
}

function Loading() {
  return (
    <Delayed>
      {["h-72", "h-44", "h-40"].map((height) => (
        <Skeleton key={height} className={`rounded-card ${height}`} />
      ))}
    </Delayed>
  );
}
