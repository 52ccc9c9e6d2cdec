/** A widget was made: the line for the website, and the secret that most do not need, this once. */
import { Button } from "@/ui/button";
import { Secret } from "@/ui/code";
import { Dialog } from "@/ui/dialog";
import { Disclosure } from "@/ui/disclosure";

import type { WidgetMade } from "./queries";
import { Install } from "./widget-install";

export function WidgetMadeDialog({ made, onClose }: { made: WidgetMade; onClose: () => void }) {
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`“${made.name}” is ready`}
      description="Put the line into the pages of your website, or try the chat right away."
      footer={
        <Button variant="primary" onClick={onClose}>
          Go on to its settings
        </Button>
      }
    >
      <Install widget={made} />
      <Disclosure title="For visitors whom your website knows">
        <p className="text-muted">
          With this secret your own server vouches for who is logged in on your website; docs/web-chat.md shows how.
          Without it everything else works.
        </p>
        <Secret text={made.identity_secret} label="Identity secret" file="web-chat-identity-secret.txt" />
      </Disclosure>
    </Dialog>
  );
}
