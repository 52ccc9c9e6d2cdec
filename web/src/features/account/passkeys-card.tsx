/** Passkeys: which there are, adding one, removing one. */
import { Fingerprint, Plus, Trash2 } from "lucide-react";
import { useState } from "react";

import { Button, IconButton } from "@/ui/button";
import { Bdi } from "@/ui/name";
import { Card } from "@/ui/page";
import { ProblemAlert } from "@/ui/problem";
import { RelativeTime } from "@/ui/time";
import { toast } from "@/ui/toast";

import { PasskeyDialog } from "./passkey-dialog";
import { ProofDialog } from "./proof-dialog";
import { removePasskey, usePasskeys, type Passkey } from "./queries";

/** The server refuses more. */
const MOST = 10;

export function PasskeysCard({ needsCode }: { needsCode: boolean }) {
  const { data: passkeys, error, refetch } = usePasskeys(true);
  const [adding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<Passkey>();
  const full = (passkeys?.length ?? 0) >= MOST;
  return (
    <Card
      title="Passkeys"
      description="Log in with your finger, face or PIN instead of a password. Nobody can steal them by a false page."
      actions={
        <Button icon={Plus} disabled={full} onClick={() => setAdding(true)}>
          Add a passkey
        </Button>
      }
    >
      {error && !passkeys && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      {passkeys?.length === 0 && <p className="text-muted">You have none yet.</p>}
      {passkeys && passkeys.length > 0 && (
        <ul aria-label="Your passkeys" className="-mx-4 -mb-4 divide-y divide-border border-t border-border">
          {passkeys.map((passkey) => (
            <Row key={passkey.id} passkey={passkey} onRemove={() => setLeaving(passkey)} />
          ))}
        </ul>
      )}
      {full && <p className="text-muted">Ten are the limit. Remove one that you no longer use to add another.</p>}
      {adding && <PasskeyDialog needsCode={needsCode} close={() => setAdding(false)} />}
      <ProofDialog
        open={leaving !== undefined}
        onOpenChange={() => setLeaving(undefined)}
        title="Remove this passkey?"
        description={
          <>
            “<Bdi>{leaving?.name}</Bdi>” stops logging you in. Your device may go on offering it; delete it there, too.
          </>
        }
        confirm="Remove passkey"
        danger
        needsCode={needsCode}
        onProve={async (proof) => {
          if (leaving) await removePasskey(leaving.id, proof);
          setLeaving(undefined);
          toast({ title: "Passkey removed", tone: "ok" });
        }}
      />
    </Card>
  );
}

function Row({ passkey, onRemove }: { passkey: Passkey; onRemove: () => void }) {
  const { name, created_at, last_used_at } = passkey;
  return (
    <li className="flex items-center gap-3 px-4 py-2.5">
      <Fingerprint size={20} strokeWidth={1.5} aria-hidden className="shrink-0 text-muted" />
      <div className="min-w-0 flex-1">
        <bdi className="block truncate font-medium" title={name}>
          {name}
        </bdi>
        <p className="text-dense text-muted">
          Added <RelativeTime at={created_at} /> ·{" "}
          {last_used_at ? (
            <>
              used <RelativeTime at={last_used_at} />
            </>
          ) : (
            "never used"
          )}
        </p>
      </div>
      <IconButton label={`Remove ${name}`} icon={Trash2} onClick={onRemove} />
    </li>
  );
}
