/** The list of endpoints. There are at most fifty. */
import { Bdi } from "@/ui/name";
import { DataTable, type Column } from "@/ui/table";
import { RelativeTime } from "@/ui/time";

import { wordsOf } from "./choices";
import { EndpointMark } from "./marks";
import type { Endpoint } from "./queries";

const COLUMNS: Column<Endpoint>[] = [
  { id: "name", header: "Name", cell: ({ name }) => <Cut text={name} /> },
  { id: "url", header: "Address", cell: ({ url }) => <Cut text={url} /> },
  { id: "events", header: "Events", optional: true, cell: ({ events }) => <Cut text={wordsOf(events)} /> },
  { id: "state", header: "State", width: 224, cell: (endpoint) => <EndpointMark endpoint={endpoint} /> },
  {
    id: "created",
    header: "Added",
    width: 120,
    hiddenByDefault: true,
    cell: ({ created_at: at }) => <RelativeTime at={at} />,
  },
];

export function EndpointTable({ endpoints, loading }: { endpoints: Endpoint[]; loading: boolean }) {
  return (
    <DataTable
      label="Webhook endpoints"
      rows={endpoints}
      columns={COLUMNS}
      rowKey={({ id }) => id}
      rowHref={({ id }) => `/settings/webhooks/${id}`}
      loading={loading}
      storageKey="webhook-endpoints"
      cards={endpointCard}
    />
  );
}

const endpointCard = (endpoint: Endpoint) => <EndpointCard endpoint={endpoint} />;

function EndpointCard({ endpoint }: { endpoint: Endpoint }) {
  return (
    <span className="flex min-w-0 flex-col gap-1.5">
      <span className="truncate font-medium" title={endpoint.name}>
        <Bdi>{endpoint.name}</Bdi>
      </span>
      <span>
        <EndpointMark endpoint={endpoint} />
      </span>
      <span className="min-w-0 text-dense text-muted">
        <Cut text={endpoint.url} />
      </span>
    </span>
  );
}

function Cut({ text }: { text: string }) {
  return (
    <Bdi className="block truncate" title={text}>
      {text}
    </Bdi>
  );
}
