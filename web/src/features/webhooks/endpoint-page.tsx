/** One endpoint: how it stands, its settings, and everything that was sent to it. */
import { Webhook } from "lucide-react";
import { useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router";

import { withParams } from "@/lib/address";
import { hasCode } from "@/lib/problems";
import { useCan } from "@/lib/session";
import { LinkButton } from "@/ui/button";
import { Page } from "@/ui/page";
import { EmptyState, ErrorState, NoPermission, ProblemAlert } from "@/ui/problem";
import { Delayed, SkeletonText } from "@/ui/skeleton";

import { Deliveries } from "./deliveries";
import { EndpointActions, type Asked } from "./endpoint-actions";
import { EndpointDialogs } from "./endpoint-dialogs";
import { EndpointFacts } from "./endpoint-facts";
import { useEndpoint } from "./queries";
import { StandingNote } from "./standing-note";

const LIST = "/settings/webhooks";

export function Component() {
  const { id = "" } = useParams();
  return useCan("webhooks:read") ? (
    <EndpointPage key={id} id={id} />
  ) : (
    <Page title="Webhooks">
      <NoPermission what="see the webhooks" />
    </Page>
  );
}

function EndpointPage({ id }: { id: string }) {
  const mayManage = useCan("webhooks:manage");
  const navigate = useNavigate();
  const [, setParams] = useSearchParams();
  const { data: endpoint, error, refetch } = useEndpoint(id);
  const [asked, setAsked] = useState<Asked>();
  const open = (delivery: string) => setParams((before) => withParams(before, { delivery }));
  if (hasCode(error, "not_found", "malformed_parameter")) {
    return (
      <Page title="Webhooks" back={LIST}>
        <EmptyState
          icon={Webhook}
          title="There is no such endpoint here"
          text="It was removed, or belongs to another workspace."
          action={<LinkButton to={LIST}>All endpoints</LinkButton>}
        />
      </Page>
    );
  }
  if (!endpoint) {
    return (
      <Page title="Webhooks" back={LIST}>
        {error ? (
          <ErrorState error={error} onRetry={() => void refetch()} />
        ) : (
          <Delayed>
            <SkeletonText lines={10} />
          </Delayed>
        )}
      </Page>
    );
  }
  return (
    <Page
      title={endpoint.name}
      back={LIST}
      actions={mayManage && <EndpointActions endpoint={endpoint} onAsk={setAsked} onTested={open} />}
    >
      {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      <StandingNote endpoint={endpoint} />
      <EndpointFacts endpoint={endpoint} />
      <Deliveries endpoint={endpoint} onReplayWindow={mayManage ? () => setAsked("replay") : undefined} />
      <EndpointDialogs
        endpoint={endpoint}
        asked={asked}
        onClose={() => setAsked(undefined)}
        onRemoved={() => void navigate(LIST, { replace: true })}
      />
    </Page>
  );
}
