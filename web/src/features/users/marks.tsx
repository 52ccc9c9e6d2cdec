/** Small marks that say how things stand with a person or an invitation; words first, colour after. */
import { CircleCheck, CircleSlash, Clock, Hourglass, ShieldAlert, ShieldCheck, Undo2 } from "lucide-react";

import { Badge } from "@/ui/badge";

import type { Invitation, User } from "./queries";

export function StatusMark({ status }: Pick<User, "status">) {
  if (status === "active") {
    return (
      <Badge tone="ok" icon={CircleCheck}>
        Active
      </Badge>
    );
  }
  // "disabled", or a state that a newer server knows.
  return <Badge icon={CircleSlash}>{status === "disabled" ? "Disabled" : status}</Badge>;
}

export function FactorMark({ has_mfa: has }: Pick<User, "has_mfa">) {
  return has ? (
    <Badge tone="ok" icon={ShieldCheck}>
      On
    </Badge>
  ) : (
    <Badge icon={ShieldAlert}>None</Badge>
  );
}

export function InvitationMark({ state }: { state: Invitation["state"] }) {
  switch (state) {
    case "pending":
      return (
        <Badge tone="info" icon={Clock}>
          Waiting
        </Badge>
      );
    case "accepted":
      return (
        <Badge tone="ok" icon={CircleCheck}>
          Accepted
        </Badge>
      );
    case "expired":
      return (
        <Badge tone="warn" icon={Hourglass}>
          Expired
        </Badge>
      );
    case "revoked":
      return <Badge icon={Undo2}>Withdrawn</Badge>;
    default:
      return <Badge>{state}</Badge>;
  }
}
