/** The dialogs of an endpoint's page. */
import { useState } from "react";

import { idempotencyKeys } from "@/lib/idempotency";
import { ConfirmDialog } from "@/ui/dialog";
import { toast } from "@/ui/toast";

import type { Asked } from "./endpoint-actions";
import { EndpointDialog } from "./endpoint-dialog";
import { disable, removeEndpoint, type Endpoint, type Made } from "./queries";
import { ReplayDialog } from "./replay-dialog";
import { RotateDialog } from "./rotate-dialog";
import { SecretDialog } from "./secret-dialog";

interface Props {
  endpoint: Endpoint;
  asked: Asked | undefined;
  onClose: () => void;
  onRemoved: () => void;
}

export function EndpointDialogs({ endpoint, asked, onClose, onRemoved }: Props) {
  const [made, setMade] = useState<Made>();
  const keep = (fresh: Made) => {
    onClose();
    setMade(fresh);
  };
  return (
    <>
      {asked === "edit" && <EndpointDialog endpoint={endpoint} onClose={onClose} />}
      {asked === "rotate" && <RotateDialog endpoint={endpoint} onClose={onClose} onMade={keep} />}
      {asked === "replay" && <ReplayDialog endpoint={endpoint} onClose={onClose} />}
      {asked === "disable" && <DisableDialog endpoint={endpoint} onClose={onClose} />}
      {asked === "remove" && <RemoveDialog endpoint={endpoint} onClose={onClose} onRemoved={onRemoved} />}
      {made && <SecretDialog made={made} onClose={() => setMade(undefined)} />}
    </>
  );
}

function DisableDialog({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  const [keyOf] = useState(idempotencyKeys);
  const run = async () => {
    await disable(endpoint.id, keyOf(endpoint.id));
    toast({ title: "The endpoint is switched off", tone: "ok" });
  };
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Switch this endpoint off?"
      description="What is on its way to it is held for seven days. Events that happen meanwhile are not collected for it."
      confirm="Switch 1 endpoint off"
      onConfirm={run}
    />
  );
}

function RemoveDialog({ endpoint, onClose, onRemoved }: Pick<Props, "endpoint" | "onClose" | "onRemoved">) {
  const run = async () => {
    await removeEndpoint(endpoint.id);
    toast({ title: "The endpoint is removed", tone: "ok" });
    onRemoved();
  };
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Remove this endpoint?"
      description="Nothing is sent to it any more, and its secrets and the log of its deliveries are deleted. This cannot be undone."
      confirm="Remove 1 endpoint"
      danger
      onConfirm={run}
    />
  );
}
