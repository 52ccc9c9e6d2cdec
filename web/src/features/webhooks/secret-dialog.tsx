/** A signing secret, this once. Nothing closes it by accident: neither Esc nor the back button, before it is kept. */
import { useEffect, useState } from "react";
import { useBlocker } from "react-router";

import { formatDateTime } from "@/lib/format";
import { Button } from "@/ui/button";
import { CodeBlock, Secret } from "@/ui/code";
import { Dialog } from "@/ui/dialog";
import { CheckField } from "@/ui/field-choice";
import { TextLink } from "@/ui/text-link";

import type { Made } from "./queries";
import { VERIFY } from "./verify";

export function SecretDialog({ made, onClose }: { made: Made; onClose: () => void }) {
  const [kept, setKept] = useState(false);
  const [asked, setAsked] = useState(false);
  const blocker = useBlocker(() => {
    setAsked(true);
    return !kept;
  });
  useEffect(() => {
    if (blocker.state === "blocked") blocker.reset();
  }, [blocker]);
  useEffect(() => {
    if (kept) return undefined;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [kept]);
  const close = () => (kept ? onClose() : setAsked(true));
  const { name, old_secrets_until: until } = made.endpoint;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      title={`The secret of “${name.length > 60 ? `${name.slice(0, 59)}…` : name}”`}
      description={until && `Until ${formatDateTime(until)} each message is signed with the old secret, too.`}
      footer={
        <Button variant="primary" onClick={close}>
          Done
        </Button>
      }
    >
      <Secret text={made.secret} label="Signing secret" file="webhook-secret.txt" />
      <p>
        Every message is signed with it. Your system verifies the signature before it believes anything, by hand as
        below or with a library for <TextLink href="https://www.standardwebhooks.com">Standard Webhooks</TextLink>. The
        guide docs/webhooks.md has the same for Python, Go, PHP and Java.
      </p>
      <CodeBlock text={VERIFY} label="Verify, in Node" copy className="max-h-48 shrink-0 overflow-y-auto" />
      <CheckField
        label="I have saved the secret"
        checked={kept}
        onChange={setKept}
        error={
          asked && !kept
            ? "Save the secret first. It cannot be shown again; without it, rotate it to get another."
            : undefined
        }
      />
    </Dialog>
  );
}
