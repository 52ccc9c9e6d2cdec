/** Inviting one person or many. Whoever could not be invited stays in the form, with the reason. */
import { useRef, useState } from "react";
import { useForm, useWatch } from "react-hook-form";
import { useNavigate } from "react-router";

import { idempotencyKeys } from "@/lib/idempotency";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Form, FormRadio, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";
import { ProblemAlert } from "@/ui/problem";
import { Progress } from "@/ui/progress";
import { toast } from "@/ui/toast";

import { inviteAll, type Outcome } from "./invite";
import { InvitationsSent } from "./invitations-sent";
import { useRoleMatrix, type Sent } from "./queries";
import { guessName, readRecipients, writeRecipients, type Recipient } from "./recipients";
import { RecipientsRead } from "./recipients-read";
import { roleOptions } from "./roles";

interface Props {
  open: boolean;
  onClose: () => void;
}

export function InviteDialog({ open, onClose }: Props) {
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => !next && onClose()}
      title="Invite people"
      description="Each gets a link that works once, for seven days."
    >
      <InviteForm onClose={onClose} />
    </Dialog>
  );
}

interface Values {
  people: string;
  name: string;
  role: string;
}

/** Lives as long as the dialog is open. */
function InviteForm({ onClose }: Pick<Props, "onClose">) {
  const [keyOf] = useState(idempotencyKeys);
  const [sent, setSent] = useState<Sent[]>([]);
  const [failure, setFailure] = useState<unknown>();
  const [progress, setProgress] = useState<{ done: number; of: number }>();
  const form = useForm<Values>({ defaultValues: { people: "", name: "", role: "agent" } });
  const navigate = useNavigate();
  const { data: matrix } = useRoleMatrix();
  const all = useRef<Sent[]>([]);

  const submit = async ({ people: text, name, role }: Values) => {
    setFailure(undefined);
    const people = named(readRecipients(text).people, name);
    const report = (done: number) => setProgress({ done, of: people.length });
    const outcome = await inviteAll({ people, role, keyOf, report });
    setProgress(undefined);
    all.current = [...all.current, ...outcome.sent];
    const rest = [...outcome.refused.map(({ recipient }) => recipient), ...outcome.left];
    const hasLinks = all.current.some(({ link }) => link);
    if (rest.length === 0 && !hasLinks) {
      tell(all.current, () => void navigate("/system/outbox"));
      onClose();
      return;
    }
    setSent(all.current);
    setFailure(outcome.failure);
    form.reset({ people: writeRecipients(rest), name: rest.length === 1 ? name : "", role });
    if (outcome.refused.length > 0) form.setError("people", { message: wordsOf(outcome) }, { shouldFocus: true });
  };

  const isDone = sent.length > 0 && form.getValues("people") === "";
  return (
    <>
      {sent.length > 0 && <InvitationsSent sent={sent} />}
      {isDone ? (
        <FormActions>
          <Button onClick={() => setSent((all.current = []))}>Invite more</Button>
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        </FormActions>
      ) : (
        <Form form={form} onSubmit={submit} className="flex-1">
          {failure !== undefined && <ProblemAlert error={failure} />}
          <FormText<Values>
            name="people"
            label="E-mail addresses"
            hint="One per line, or with commas. A name can stand before an address: Ann Archer <ann@acme.test>"
            required
            multiline
            rows={3}
            spellCheck={false}
            rules={{ validate: readable }}
          />
          <Whom />
          <FormRadio<Values> name="role" label="Role" options={roleOptions(matrix)} required />
          {progress && progress.of > 1 && (
            <Progress
              label="Inviting"
              value={progress.done}
              max={progress.of}
              detail={`${progress.done} of ${progress.of}`}
            />
          )}
          <FormActions>
            <Button onClick={onClose}>Cancel</Button>
            <Submit />
          </FormActions>
        </Form>
      )}
    </>
  );
}

/** One person's name can be typed; for several it is read from the addresses and shown. */
function Whom() {
  const text = useWatch<Values, "people">({ name: "people" });
  const { people } = readRecipients(text);
  const [only] = people;
  if (!only) return null;
  if (people.length > 1) return <RecipientsRead people={people} />;
  return (
    <FormText<Values>
      name="name"
      label="Name"
      placeholder={only.name}
      hint="They can change it themselves. Left empty, it is read from the address."
      maxLength={200}
    />
  );
}

function Submit() {
  const text = useWatch<Values, "people">({ name: "people" });
  const count = readRecipients(text).people.length;
  return (
    <SubmitButton>{count === 1 ? "Invite 1 person" : count > 1 ? `Invite ${count} people` : "Invite"}</SubmitButton>
  );
}

function named(people: Recipient[], name: string): Recipient[] {
  const [only] = people;
  if (people.length !== 1 || !only) return people;
  return [{ ...only, name: name.trim() || only.name || guessName(only.email) }];
}

const MOST = 200;

function readable(text: unknown): string | true {
  const { people, unreadable } = readRecipients(String(text));
  const [first] = unreadable;
  if (first !== undefined) {
    const others = unreadable.length > 1 ? ` (and ${unreadable.length - 1} more)` : "";
    return `“${first.slice(0, 60)}”${others} is no e-mail address.`;
  }
  if (people.length === 0) return "Fill in at least one e-mail address.";
  return people.length <= MOST || `At most ${MOST} people can be invited at once; these are ${people.length}.`;
}

function wordsOf({ refused }: Outcome): string {
  return refused.map(({ recipient, why }) => `${recipient.email}: ${why}`).join(" ");
}

function tell(sent: Sent[], openOutbox: () => void): void {
  const [first] = sent;
  if (!first) return;
  const inOutbox = first.delivery === "in_outbox";
  toast({
    title: sent.length === 1 ? `${first.invitation.email} is invited` : `${sent.length} people are invited`,
    description: inOutbox ? "The demo sends no mail: the link is in the outbox." : "The link is on its way by mail.",
    tone: "ok",
    ...(inOutbox && { action: { label: "Open the outbox", onClick: openOutbox } }),
  });
}
