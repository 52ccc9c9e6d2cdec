/** One delivery: what is sent, and every request of it with its answer. */
import { RotateCw, Send } from "lucide-react";
import type { ReactNode } from "react";

import { hasCode } from "@/lib/problems";
import { useCan } from "@/lib/session";
import { useAction } from "@/lib/use-action";
import { Button } from "@/ui/button";
import { CodeBlock, Copyable } from "@/ui/code";
import { DetailList, Section } from "@/ui/page";
import { EmptyState, ErrorState, ProblemAlert } from "@/ui/problem";
import { Sheet } from "@/ui/sheet";
import { Delayed, SkeletonText } from "@/ui/skeleton";
import { DateTime, RelativeTime } from "@/ui/time";
import { toast } from "@/ui/toast";

import { Attempts } from "./attempts";
import { TEST_EVENT } from "./choices";
import { DeliveryMark } from "./marks";
import { replay, useDelivery, type Delivery, type Endpoint } from "./queries";

interface Props {
  id: string;
  endpoint: Endpoint;
  onClose: () => void;
}

export function DeliveryPanel({ id, endpoint, onClose }: Props) {
  const { data: opened, error, refetch } = useDelivery(id);
  return (
    <Sheet open onOpenChange={(open) => !open && onClose()} title="Delivery" className="md:w-[36rem]">
      {hasCode(error, "not_found", "malformed_parameter") ? (
        <EmptyState icon={Send} title="There is no such delivery" text="Deliveries are kept for 30 days." />
      ) : opened ? (
        <div className="flex flex-col gap-6">
          {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
          <Facts delivery={opened.delivery} />
          <Again delivery={opened.delivery} endpoint={endpoint} />
          <Attempts attempts={opened.attempts} />
          <Section title="What is sent">
            {typeof opened.body === "string" ? (
              <CodeBlock text={opened.body} label="Body, the same in every attempt" copy wrap />
            ) : (
              <p className="text-muted">Your role may not hear of this event, so its data is not shown to you.</p>
            )}
          </Section>
        </div>
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <Delayed>
          <SkeletonText lines={10} />
        </Delayed>
      )}
    </Sheet>
  );
}

function Facts({ delivery }: { delivery: Delivery }) {
  const {
    event,
    event_id: eventId,
    created_at: at,
    ended_at: ended,
    next_attempt_at: next,
    last_error: why,
  } = delivery;
  const items: { term: string; detail: ReactNode }[] = [
    { term: "State", detail: <DeliveryMark delivery={delivery} /> },
    ...(why ? [{ term: "Why", detail: <span className="wrap-anywhere">{why}</span> }] : []),
    ...(next ? [{ term: "Next attempt", detail: <RelativeTime at={next} /> }] : []),
    { term: "Happened", detail: <DateTime at={at} /> },
    ...(ended ? [{ term: "Ended", detail: <DateTime at={ended} /> }] : []),
    { term: "webhook-id", detail: <Copyable text={eventId} label="webhook-id" className="-ms-1" /> },
  ];
  return (
    <>
      <h3 className="font-mono text-lg font-semibold wrap-anywhere">{event}</h3>
      <DetailList items={items} />
    </>
  );
}

/** Sending it again, where that can be done; else why not. */
function Again({ delivery, endpoint }: { delivery: Delivery; endpoint: Endpoint }) {
  const mayManage = useCan("webhooks:manage");
  const again = useAction(
    (header) => replay(delivery.id, header),
    () => toast({ title: "1 delivery is on its way again", tone: "ok" }),
  );
  if (!mayManage || delivery.state === "pending") return null;
  if (!endpoint.enabled && delivery.event !== TEST_EVENT) {
    return <p className="text-muted">Switch the endpoint on to send this again.</p>;
  }
  return (
    <div className="flex flex-col items-start gap-3">
      <Button icon={RotateCw} loading={again.isRunning} onClick={again.run}>
        Send 1 delivery again
      </Button>
      {again.error !== undefined && <ProblemAlert error={again.error} className="w-full" />}
    </div>
  );
}
