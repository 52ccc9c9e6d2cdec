/** Asks before all of a person's sessions end. */
import { logOutEverywhere } from "@/lib/session";
import { ConfirmDialog } from "@/ui/dialog";

export function LogOutEverywhere({ onOpenChange }: { onOpenChange: (open: boolean) => void }) {
  return (
    <ConfirmDialog
      open
      onOpenChange={onOpenChange}
      title="Log out everywhere?"
      description="All your sessions end, in every workspace and on every device, this one too. API keys go on working."
      confirm="Log out everywhere"
      danger
      onConfirm={logOutEverywhere}
    />
  );
}
