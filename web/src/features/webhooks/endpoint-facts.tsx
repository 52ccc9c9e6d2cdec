/** The settings of an endpoint. */
import type { ReactNode } from "react";

import { serverNow } from "@/lib/clock";
import { useCan } from "@/lib/session";
import { Copyable } from "@/ui/code";
import { Bdi } from "@/ui/name";
import { DetailList, Section } from "@/ui/page";
import { TextLink } from "@/ui/text-link";
import { DateTime } from "@/ui/time";

import { wordsOf } from "./choices";
import { EndpointMark } from "./marks";
import { useMaker, type Endpoint } from "./queries";

export function EndpointFacts({ endpoint }: { endpoint: Endpoint }) {
  const { old_secrets_until: until } = endpoint;
  const items: { term: string; detail: ReactNode }[] = [
    { term: "State", detail: <EndpointMark endpoint={endpoint} /> },
    { term: "Address", detail: <Copyable text={endpoint.url} label="address" className="-ms-1" /> },
    { term: "Events", detail: <span className="wrap-anywhere">{wordsOf(endpoint.events)}</span> },
    {
      term: "Order",
      detail: endpoint.is_ordered ? "Events about the same thing one after the other" : "Nothing waits for anything",
    },
    ...(until && Date.parse(until) > serverNow().getTime()
      ? [
          {
            term: "Old secret",
            detail: (
              <>
                Signs along until <DateTime at={until} />
              </>
            ),
          },
        ]
      : []),
    {
      term: "Added",
      detail: (
        <>
          <DateTime at={endpoint.created_at} /> by <Maker actor={endpoint.created_by} />
        </>
      ),
    },
    { term: "Id", detail: <Copyable text={endpoint.id} label="id" className="-ms-1" /> },
  ];
  return (
    <Section title="Settings">
      <DetailList items={items} />
    </Section>
  );
}

function Maker({ actor }: { actor: string }) {
  const maker = useMaker(actor, useCan("users:read"));
  if (!maker.data) return <span className="font-mono text-dense wrap-anywhere">{actor}</span>;
  return (
    <TextLink to={`/settings/users?user=${encodeURIComponent(actor)}`}>
      <Bdi>{maker.data.name}</Bdi>
    </TextLink>
  );
}
