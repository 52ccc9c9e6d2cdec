/** How one delivery looks in the list. */
import { formatNumber } from "@/lib/format";
import type { Column } from "@/ui/table";
import { RelativeTime } from "@/ui/time";

import { DeliveryMark } from "./marks";
import type { Delivery } from "./queries";

export const COLUMNS: Column<Delivery>[] = [
  { id: "event", header: "Event", width: 220, cell: ({ event }) => <EventName event={event} /> },
  { id: "state", header: "State", width: 130, cell: (delivery) => <DeliveryMark delivery={delivery} /> },
  { id: "outcome", header: "Last answer", optional: true, cell: (delivery) => <Outcome delivery={delivery} /> },
  {
    id: "attempts",
    header: "Attempts",
    width: 90,
    align: "end",
    optional: true,
    cell: ({ attempts }) => <span className="tabular-nums">{formatNumber(attempts)}</span>,
  },
  {
    id: "when",
    header: "When",
    width: 125,
    cell: ({ created_at: at }) => <RelativeTime at={at} className="text-muted" />,
  },
];

/** What came of the newest attempt. */
export const outcomeOf = ({ last_status: status, last_error: error }: Delivery): string =>
  error ?? (status ? `Status ${status}` : "Not tried yet");

function EventName({ event }: { event: string }) {
  return (
    <span className="block truncate font-mono text-dense" title={event}>
      {event}
    </span>
  );
}

function Outcome({ delivery }: { delivery: Delivery }) {
  const text = outcomeOf(delivery);
  return (
    <span className="block truncate text-muted" title={text}>
      {text}
    </span>
  );
}

export const cardOf = (delivery: Delivery) => <DeliveryCard delivery={delivery} />;

function DeliveryCard({ delivery }: { delivery: Delivery }) {
  return (
    <span className="flex min-w-0 flex-col gap-1.5">
      <EventName event={delivery.event} />
      <span className="flex items-center justify-between gap-2 text-dense text-muted">
        <DeliveryMark delivery={delivery} />
        <RelativeTime at={delivery.created_at} />
      </span>
      <span className="line-clamp-2 text-dense wrap-anywhere text-muted">{outcomeOf(delivery)}</span>
    </span>
  );
}
