/** Disconnecting an account: says what ends and what stays. */
import { platformTitle } from "@/lib/platforms";
import { ConfirmDialog } from "@/ui/dialog";
import { toast } from "@/ui/toast";

import { disconnect, type Account } from "./queries";

export function DisconnectDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const run = async () => {
    await disconnect(account.id);
    toast({ title: `“${account.name}” is disconnected`, tone: "ok" });
  };
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Disconnect “${account.name}”?`}
      description={account.platform === "web_chat" ? <WidgetEnds /> : <AccountEnds of={account} />}
      confirm={account.platform === "web_chat" ? "Switch 1 widget off" : "Disconnect 1 account"}
      danger
      onConfirm={run}
    />
  );
}

function AccountEnds({ of: { platform } }: { of: Account }) {
  const title = platformTitle(platform);
  return (
    <ul className="list-disc ps-5">
      <li>{title} is asked to deliver nothing more, and its tokens are deleted here.</li>
      <li>Nobody can answer through it. Answers that wait to be sent are not sent.</li>
      <li>Its conversations and contacts stay. Connected again, it goes on with them.</li>
      <li>What people write meanwhile may be missing for good.</li>
    </ul>
  );
}

function WidgetEnds() {
  return (
    <ul className="list-disc ps-5">
      <li>The chat disappears from your websites, also for visitors who are writing at this moment.</li>
      <li>Its conversations and contacts stay.</li>
      <li>It cannot be switched on again: a new widget has another line for your website.</li>
    </ul>
  );
}
