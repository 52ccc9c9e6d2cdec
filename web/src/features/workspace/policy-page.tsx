/** The security policy: who must have a second factor, and how long a session lasts. */
import { useCan } from "@/lib/session";
import { listOf } from "@/lib/format";
import { roleName } from "@/lib/role-names";
import { Card, DetailList, Page } from "@/ui/page";
import { ErrorState, NoPermission } from "@/ui/problem";
import { Delayed, Skeleton } from "@/ui/skeleton";

import { PolicyForm } from "./policy-form";
import { usePolicy, type Policy } from "./queries";

export function Component() {
  return (
    <Page title="Security policy" narrow>
      <Content />
    </Page>
  );
}

function Content() {
  const maySee = useCan("settings:read");
  const mayChange = useCan("settings:manage");
  const { data: policy, error, refetch } = usePolicy(maySee);
  if (!maySee) return <NoPermission what="see the security policy" />;
  if (policy) return mayChange ? <PolicyForm policy={policy} /> : <Shown policy={policy} />;
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  return (
    <Delayed>
      <Skeleton className="h-80 rounded-card" />
    </Delayed>
  );
}

function Shown({ policy }: { policy: Policy }) {
  const days = policy.session_days === 1 ? "1 day" : `${policy.session_days} days`;
  return (
    <Card title="In force" description="Only an admin can change it.">
      <DetailList
        items={[
          { term: "Second factor needed", detail: listOf(policy.mfa_roles.map(roleName)) },
          { term: "A session ends after", detail: days },
        ]}
      />
    </Card>
  );
}
