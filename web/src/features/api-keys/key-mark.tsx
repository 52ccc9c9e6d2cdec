/** How a key stands, in words. */
import { Ban, CircleCheck, Hourglass, Repeat, TriangleAlert } from "lucide-react";

import { serverNow } from "@/lib/clock";
import { formatRelative } from "@/lib/format";
import { Badge } from "@/ui/badge";

import { stateOf } from "./key-state";
import type { ApiKey } from "./queries";

export function KeyMark({ apiKey }: { apiKey: ApiKey }) {
  const ends = formatRelative(apiKey.expires_at ?? "", serverNow());
  switch (stateOf(apiKey, serverNow())) {
    case "works":
      return (
        <Badge tone="ok" icon={CircleCheck}>
          Works
        </Badge>
      );
    case "ends_soon":
      return (
        <Badge tone="warn" icon={TriangleAlert}>
          Ends {ends}
        </Badge>
      );
    case "works_until":
      return (
        <Badge tone="info" icon={Repeat}>
          Rotated, ends {ends}
        </Badge>
      );
    case "replaced":
      return <Badge icon={Repeat}>Rotated</Badge>;
    case "expired":
      return <Badge icon={Hourglass}>Expired</Badge>;
    default:
      return <Badge icon={Ban}>Revoked</Badge>;
  }
}
