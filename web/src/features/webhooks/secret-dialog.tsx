/** The signing secret of an endpoint, and how its signatures are verified. */
import { formatDateTime } from "@/lib/format";
import { CodeBlock } from "@/ui/code";
import { SecretDialog as Frame } from "@/ui/secret-dialog";
import { TextLink } from "@/ui/text-link";

import type { Made } from "./queries";
import { VERIFY } from "./verify";

export function SecretDialog({ made, onClose }: { made: Made; onClose: () => void }) {
  const { name, old_secrets_until: until } = made.endpoint;
  return (
    <Frame
      of="The secret of"
      name={name}
      description={until && `Until ${formatDateTime(until)} each message is signed with the old secret, too.`}
      secret={made.secret}
      label="Signing secret"
      file="webhook-secret.txt"
      noun="secret"
      ifLost="without it, rotate it to get another."
      onClose={onClose}
    >
      <p>
        Every message is signed with it. Your system verifies the signature before it believes anything, by hand as
        below or with a library for <TextLink href="https://www.standardwebhooks.com">Standard Webhooks</TextLink>. The
        guide docs/webhooks.md has the same for Python, Go, PHP and Java.
      </p>
      <CodeBlock text={VERIFY} label="Verify, in Node" copy className="max-h-48 shrink-0 overflow-y-auto" />
    </Frame>
  );
}
