/** Removing a target. The server refuses it for the only one that a rule tells, and says which rule. */
import { ConfirmDialog } from "@/ui/dialog";
import { toast } from "@/ui/toast";

import { removeTarget, type Target } from "./queries";

export function RemoveDialog({ target, onClose }: { target: Target; onClose: () => void }) {
  const run = async () => {
    await removeTarget(target.id);
    toast({ title: "The target is removed", tone: "ok" });
  };
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Remove “${target.name}”?`}
      description="It is told of nothing any more, also not that an open alert is over, and what was stored to reach it is deleted. This cannot be undone."
      confirm="Remove 1 target"
      danger
      onConfirm={run}
    />
  );
}
