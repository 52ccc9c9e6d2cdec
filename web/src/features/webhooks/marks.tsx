/** How an endpoint and a delivery stand, in words. */
import { Ban, CircleCheck, CirclePause, Clock, OctagonAlert, Power, TriangleAlert } from "lucide-react";

import { serverNow } from "@/lib/clock";
import { formatRelative } from "@/lib/format";
import { Badge } from "@/ui/badge";

import type { Delivery, Endpoint } from "./queries";

export function EndpointMark({ endpoint }: { endpoint: Endpoint }) {
  const { enabled, disabled_reason: reason, failing_since: failing } = endpoint;
  if (!enabled) {
    if (reason === "by_hand") return <Badge icon={Power}>Switched off</Badge>;
    return (
      <Badge tone="danger" icon={OctagonAlert}>
        {reason === "gone" ? "Off: it is gone" : "Off: it only failed"}
      </Badge>
    );
  }
  if (failing) {
    return (
      <Badge tone="warn" icon={TriangleAlert}>
        Failing, began {formatRelative(failing, serverNow())}
      </Badge>
    );
  }
  return (
    <Badge tone="ok" icon={CircleCheck}>
      Works
    </Badge>
  );
}

export function DeliveryMark({ delivery }: { delivery: Delivery }) {
  switch (delivery.state) {
    case "delivered":
      return (
        <Badge tone="ok" icon={CircleCheck}>
          Delivered
        </Badge>
      );
    case "failed":
      return (
        <Badge tone="danger" icon={Ban}>
          Failed
        </Badge>
      );
    case "held":
      return (
        <Badge tone="warn" icon={CirclePause}>
          Held
        </Badge>
      );
    default:
      return (
        <Badge tone="info" icon={Clock}>
          {delivery.attempts > 0 ? "Trying again" : "On its way"}
        </Badge>
      );
  }
}
