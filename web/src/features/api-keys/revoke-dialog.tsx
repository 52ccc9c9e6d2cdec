/** The end of a key, at once. */
import { serverNow } from "@/lib/clock";
import { formatRelative } from "@/lib/format";
import { ConfirmDialog } from "@/ui/dialog";
import { toast } from "@/ui/toast";

import { revokeKey, type ApiKey } from "./queries";

interface Props {
  apiKey: ApiKey;
  onClose: () => void;
}

export function RevokeDialog({ apiKey, onClose }: Props) {
  const { id, prefix, last_used_at: used } = apiKey;
  const revoke = async () => {
    await revokeKey(id);
    toast({ title: `The key ${prefix} is revoked`, tone: "ok" });
  };
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Revoke the key ${prefix}?`}
      description={`Every program that uses it is refused from now on. ${
        used ? `It was last used ${formatRelative(used, serverNow())}.` : "It was never used."
      } This cannot be undone.`}
      confirm="Revoke 1 key"
      danger
      onConfirm={revoke}
    />
  );
}
