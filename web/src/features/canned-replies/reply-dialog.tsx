/** Writing a canned reply, with what it will say beside it. */
import { useState } from "react";
import { useForm, useFormContext, useWatch } from "react-hook-form";

import { idempotencyKeys } from "@/lib/idempotency";
import { platformTitle } from "@/lib/platforms";
import { hasCode } from "@/lib/problems";
import { useTenant, useUser } from "@/lib/session";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Form, FormCheckGroup, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";
import { Bdi } from "@/ui/name";
import { DetailList } from "@/ui/page";
import { ErrorState } from "@/ui/problem";
import { Delayed, SkeletonText } from "@/ui/skeleton";
import { toast } from "@/ui/toast";

import { addReply, changeReply, useReply, type Reply } from "./queries";
import { checkShortcut, contentOf, PLATFORMS, platformsOf, valuesOf, type ReplyValues } from "./values";
import { fill, needsWordForNobody, unknownIn, VARIABLES } from "./variables";

const BODY = "canned-reply-body";
const LONGEST = 5000;
const OPTIONS = PLATFORMS.map((platform) => ({ value: platform, label: platformTitle(platform) }));

export function NewReplyDialog({ onClose }: { onClose: () => void }) {
  return (
    <ReplyFrame title="New canned reply" onClose={onClose}>
      <ReplyForm onClose={onClose} />
    </ReplyFrame>
  );
}

interface OpenedProps {
  id: string;
  mayWrite: boolean;
  onClose: () => void;
}

export function OpenedReplyDialog({ id, mayWrite, onClose }: OpenedProps) {
  const { data: reply, error, refetch } = useReply(id);
  const gone = hasCode(error, "not_found", "malformed_parameter");
  return (
    <ReplyFrame title={reply && !gone ? `/${reply.shortcut}` : "Canned reply"} onClose={onClose}>
      {gone ? (
        <p>There is no such canned reply any more. Somebody has removed it.</p>
      ) : reply ? (
        mayWrite ? (
          <ReplyForm key={reply.id} reply={reply} onClose={onClose} />
        ) : (
          <ReplyShown reply={reply} />
        )
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <Delayed>
          <SkeletonText lines={6} />
        </Delayed>
      )}
    </ReplyFrame>
  );
}

function ReplyFrame({ title, onClose, children }: { title: string; onClose: () => void; children: React.ReactNode }) {
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={title} size="lg">
      {children}
    </Dialog>
  );
}

function ReplyForm({ reply, onClose }: { reply?: Reply; onClose: () => void }) {
  const [keyOf] = useState(idempotencyKeys);
  const form = useForm<ReplyValues>({ defaultValues: valuesOf(reply) });
  const submit = async (values: ReplyValues) => {
    const content = contentOf(values);
    if (reply) {
      const { id, ...before } = reply;
      await changeReply(id, content);
      const { shortcut, title, body, platforms } = before;
      const undo = async () => void (await changeReply(id, { shortcut, title, body, platforms }));
      toast({ title: `/${content.shortcut} is changed`, tone: "ok", undo });
    } else {
      await addReply(content, keyOf(content));
      toast({ title: `/${content.shortcut} is added`, tone: "ok" });
    }
    onClose();
  };
  return (
    <Form form={form} onSubmit={submit} className="flex-1">
      <div className="grid gap-4 md:grid-cols-2">
        <FormText<ReplyValues>
          name="shortcut"
          label="Shortcut"
          hint="Typed behind / in an answer to find it."
          placeholder="hello"
          required
          maxLength={41}
          autoComplete="off"
          spellCheck={false}
          rules={{ validate: checkShortcut }}
        />
        <FormText<ReplyValues> name="title" label="Title" placeholder="Greeting" required maxLength={100} />
      </div>
      <FormText<ReplyValues>
        name="body"
        id={BODY}
        label="Text"
        placeholder="Hello {{contact.first_name|there}}, thank you for writing!"
        multiline
        rows={5}
        required
        maxLength={LONGEST}
      />
      <Variables />
      <Preview />
      <FormCheckGroup<ReplyValues>
        name="platforms"
        label="Only for"
        hint="Nothing ticked: for all platforms."
        options={OPTIONS}
      />
      <FormActions>
        <Button onClick={onClose}>Cancel</Button>
        <SubmitButton>{reply ? "Save" : "Add 1 canned reply"}</SubmitButton>
      </FormActions>
    </Form>
  );
}

/** Puts a variable where the cursor was. */
function Variables() {
  const { getValues, setValue } = useFormContext<ReplyValues>();
  const insert = (name: string) => {
    const field = document.getElementById(BODY) as HTMLTextAreaElement | null;
    const body = getValues("body");
    const [from, to] = [field?.selectionStart ?? body.length, field?.selectionEnd ?? body.length];
    const written = name.startsWith("contact.") ? `{{${name}|there}}` : `{{${name}}}`;
    setValue("body", body.slice(0, from) + written + body.slice(to), { shouldDirty: true, shouldValidate: true });
    // Once the new text is there.
    requestAnimationFrame(() => {
      field?.focus();
      field?.setSelectionRange(from + written.length, from + written.length);
    });
  };
  return (
    <section aria-label="Variables" className="flex flex-col gap-2">
      <p className="text-dense text-muted">
        Variables are filled in when the reply is used. Behind the bar stands what is said where nobody knows the name.
      </p>
      <ul className="flex flex-wrap gap-2">
        {VARIABLES.map(({ name, what }) => (
          <li key={name}>
            <Button size="sm" onClick={() => insert(name)} title={`{{${name}}}`}>
              {what}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}

const SOMEBODY = "Maria da Silva";

function Preview() {
  const { control } = useFormContext<ReplyValues>();
  const body = useWatch({ control, name: "body" });
  return <Filled body={body} />;
}

function Filled({ body }: { body: string }) {
  const [agent, workspace] = [useUser().name, useTenant().name];
  const says = (contact: string) => fill(body.trim(), { contact, agent, workspace });
  const unknown = unknownIn(body);
  const [known, nameless] = [says(SOMEBODY), says("")];
  return (
    <section aria-label="Preview" className="flex flex-col gap-2 rounded-card bg-sunken p-3">
      <Said to={`To ${SOMEBODY}`} text={known} />
      {nameless !== known && <Said to="To somebody without a name" text={nameless} />}
      {needsWordForNobody(body) && (
        <p className="text-dense text-warn-text">
          Where nobody knows the name nothing stands there. Write {"{{contact.first_name|there}}"} to say something
          else.
        </p>
      )}
      {unknown.length > 0 && (
        <p className="text-dense text-warn-text">
          There is no such variable, so it is sent as it stands: <Bdi>{unknown.join(", ")}</Bdi>
        </p>
      )}
    </section>
  );
}

function Said({ to, text }: { to: string; text: string }) {
  return (
    <div>
      <p className="text-dense text-muted">{to}</p>
      <p className="wrap-anywhere whitespace-pre-wrap" dir="auto">
        {text || "…"}
      </p>
    </div>
  );
}

/** For whoever may use canned replies and not write them. */
function ReplyShown({ reply }: { reply: Reply }) {
  return (
    <>
      <DetailList
        items={[
          { term: "Title", detail: <Bdi>{reply.title}</Bdi> },
          { term: "Platforms", detail: platformsOf(reply.platforms) },
        ]}
      />
      <Filled body={reply.body} />
    </>
  );
}
