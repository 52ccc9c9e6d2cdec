/** Webhook endpoints: systems of this workspace that hear of what happens in it. */
import { Plus, Webhook } from "lucide-react";
import { useState } from "react";
import { useNavigate, useSearchParams } from "react-router";

import { withParams } from "@/lib/address";
import { useCan } from "@/lib/session";
import { useShortcuts } from "@/lib/shortcuts";
import { Button } from "@/ui/button";
import { Page } from "@/ui/page";
import { EmptyState, ErrorState, NoPermission, ProblemAlert } from "@/ui/problem";

import { EndpointDialog } from "./endpoint-dialog";
import { EndpointTable } from "./endpoint-table";
import { useEndpoints, type Made } from "./queries";
import { SecretDialog } from "./secret-dialog";

const TITLE = "Webhooks";

export function Component() {
  return useCan("webhooks:read") ? (
    <Webhooks />
  ) : (
    <Page title={TITLE}>
      <NoPermission what="see the webhooks" />
    </Page>
  );
}

function Webhooks() {
  const mayManage = useCan("webhooks:manage");
  const navigate = useNavigate();
  const [params, setParams] = useSearchParams();
  const [made, setMade] = useState<Made>();
  const add = () =>
    setParams((before) => new URLSearchParams([...withParams(before, { new: undefined }), ["new", ""]]));
  const close = () => setParams((before) => withParams(before, { new: undefined }), { replace: true });
  useShortcuts(TITLE, mayManage ? [{ keys: "n", does: "Add an endpoint", run: add }] : []);
  const button = (
    <Button variant="primary" icon={Plus} onClick={add}>
      Add an endpoint
    </Button>
  );
  return (
    <Page title={TITLE} actions={mayManage && button}>
      <List onAdd={mayManage ? add : undefined} />
      {mayManage && params.has("new") && (
        <EndpointDialog
          onClose={close}
          onMade={(fresh) => {
            close();
            setMade(fresh);
          }}
        />
      )}
      {made && (
        <SecretDialog
          made={made}
          onClose={() => {
            setMade(undefined);
            void navigate(`/settings/webhooks/${made.endpoint.id}`);
          }}
        />
      )}
    </Page>
  );
}

function List({ onAdd }: { onAdd: (() => void) | undefined }) {
  const { data: endpoints, error, isPending, refetch } = useEndpoints();
  if (error && !endpoints) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (endpoints?.length === 0) return <NoEndpoints onAdd={onAdd} />;
  return (
    <>
      {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      <EndpointTable endpoints={endpoints ?? []} loading={isPending} />
    </>
  );
}

function NoEndpoints({ onAdd }: { onAdd: (() => void) | undefined }) {
  return (
    <EmptyState
      icon={Webhook}
      title="No system of yours listens yet"
      text="Add the address of a system. Each event that you choose is then sent to it, signed, in the moment it happens."
      action={
        onAdd && (
          <Button icon={Plus} onClick={onAdd}>
            Add the first endpoint
          </Button>
        )
      }
      guide={{ href: "https://www.standardwebhooks.com", label: "How the messages are signed" }}
    />
  );
}
