/** Which of the accounts that were found at the log-in are connected. */
import { Check, TriangleAlert } from "lucide-react";
import { useState } from "react";

import { platformTitle } from "@/lib/platforms";
import { hasCode } from "@/lib/problems";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { CheckGroup } from "@/ui/field-choice";
import { SearchField } from "@/ui/field-text";
import { FormActions } from "@/ui/form-actions";
import { Bdi } from "@/ui/name";
import { ErrorState, ProblemAlert } from "@/ui/problem";
import { Delayed, SkeletonText } from "@/ui/skeleton";
import { toast } from "@/ui/toast";
import { useAction } from "@/lib/use-action";

import { accountsOf, AT_ONCE, matching, nameOf, picksOf, summaryOf, type Summary } from "./picking";
import { connectChosen, useChoice, type Choice } from "./queries";
import { explain } from "./returns";
import { explained } from "./scopes";

interface Props {
  platform: string;
  connection: string;
  onRetry: () => void;
  onClose: () => void;
}

export function PickerDialog({ platform, connection, onRetry, onClose }: Props) {
  const { data: choice, error, refetch } = useChoice(connection);
  const title = platformTitle(choice?.platform ?? platform);
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Which accounts of ${title}?`}
      description={choice && "These belong to the log-in that you have just made."}
    >
      {choice ? (
        <Picker choice={choice} connection={connection} onClose={onClose} />
      ) : hasCode(error, "not_found", "malformed_parameter") ? (
        <Over platform={platform} onRetry={onRetry} />
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <Delayed>
          <SkeletonText lines={5} />
        </Delayed>
      )}
    </Dialog>
  );
}

/** The choice waits for some minutes, and only for whoever logged in. */
function Over({ platform, onRetry }: { platform: string; onRetry: () => void }) {
  const { title, text, advice } = explain({ platform, error: "expired" });
  return (
    <div role="alert" className="flex flex-col gap-2">
      <p className="font-medium">{title}</p>
      <p>{text}</p>
      <p>{advice}</p>
      <FormActions>
        <Button variant="primary" onClick={onRetry}>
          Connect again…
        </Button>
      </FormActions>
    </div>
  );
}

function Picker({ choice, connection, onClose }: { choice: Choice } & Pick<Props, "connection" | "onClose">) {
  const { accounts } = choice;
  const [picked, setPicked] = useState(() => picksOf(accounts));
  const [search, setSearch] = useState("");
  const [failed, setFailed] = useState<Summary>();
  const connect = useAction(
    () => connectChosen(connection, picked),
    (outcomes) => {
      const summary = summaryOf(outcomes);
      if (summary.connected > 0) {
        toast({ title: `${accountsOf(summary.connected)} connected`, description: WHAT_NOW, tone: "ok" });
      }
      if (summary.failed.length === 0) return onClose();
      // What worked is not tried again.
      setPicked(summary.failed.map(({ id }) => id));
      return setFailed(summary);
    },
  );
  const shown = matching(accounts, search);
  return (
    <form
      className="flex flex-1 flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        event.stopPropagation();
        if (picked.length > 0 && picked.length <= AT_ONCE && !connect.isRunning) connect.run();
      }}
    >
      {choice.missing_scopes.length > 0 && <Missing scopes={choice.missing_scopes} platform={choice.platform} />}
      {connect.error !== undefined && <ProblemAlert error={connect.error} />}
      {failed && <Failures summary={failed} choice={choice} />}
      {accounts.length > 5 && <SearchField label="Search accounts" value={search} onChange={setSearch} />}
      {shown.length > 0 ? (
        <CheckGroup
          label="Accounts"
          options={shown.map(optionOf)}
          values={picked}
          onChange={setPicked}
          error={picked.length > AT_ONCE ? `At most ${AT_ONCE} at once: connect the others afterwards.` : undefined}
        />
      ) : (
        <p role="status" className="text-muted">
          Nothing matches “{search}”.
        </p>
      )}
      <FormActions>
        <span role="status" className="me-auto text-dense text-muted">
          {accountsOf(picked.length)} chosen
        </span>
        <Button onClick={onClose}>{failed ? "Done" : "Cancel"}</Button>
        <Button
          type="submit"
          variant="primary"
          icon={Check}
          loading={connect.isRunning}
          disabled={picked.length === 0 || picked.length > AT_ONCE}
        >
          Connect {accountsOf(picked.length)}
        </Button>
      </FormActions>
    </form>
  );
}

const WHAT_NOW = "What people write from now on arrives in the inbox.";

function optionOf(account: Choice["accounts"][number]) {
  const { external_id: id, handle, is_connected: isConnected, account_id: known } = account;
  const standing = isConnected ? "connected already; choosing it renews its log-in" : known && "was connected before";
  return {
    value: id,
    label: nameOf(account),
    description: [handle, id, standing].filter(Boolean).join(" · "),
  };
}

function Missing({ scopes, platform }: { scopes: string[]; platform: string }) {
  return (
    <div role="status" className="flex items-start gap-2.5 rounded-card bg-warn-soft p-3 text-warn-text">
      <TriangleAlert size={16} aria-hidden className="mt-0.5 shrink-0" />
      <div className="min-w-0">
        <p className="font-medium">{platformTitle(platform)} did not grant everything</p>
        <ul className="list-disc ps-5">
          {explained(scopes).map(({ name, why }) => (
            <li key={name}>
              Not granted: {why} <span className="font-mono text-dense wrap-anywhere">{name}</span>
            </li>
          ))}
        </ul>
        <p>These things will not work. Connect again and agree to all of them, or go on without.</p>
      </div>
    </div>
  );
}

function Failures({ summary, choice }: { summary: Summary; choice: Choice }) {
  const name = (id: string) => {
    const account = choice.accounts.find(({ external_id: one }) => one === id);
    return account ? nameOf(account) : id;
  };
  return (
    <div role="alert" className="rounded-card bg-danger-soft p-3 text-danger-text">
      <p className="font-medium">{accountsOf(summary.failed.length)} could not be connected</p>
      <ul className="list-disc ps-5">
        {summary.failed.map(({ id, detail }) => (
          <li key={id}>
            <Bdi>{name(id)}</Bdi>: {detail}
          </li>
        ))}
      </ul>
    </div>
  );
}
