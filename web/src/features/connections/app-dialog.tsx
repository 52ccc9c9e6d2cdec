/** The workspace's own app at a platform. Its secrets go to the server and never come back. */
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useForm } from "react-hook-form";

import { Button } from "@/ui/button";
import { Copyable } from "@/ui/code";
import { ConfirmDialog, Dialog } from "@/ui/dialog";
import { Form, FormPassword, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";
import { DetailList } from "@/ui/page";
import { DateTime } from "@/ui/time";
import { toast } from "@/ui/toast";

import { CONSOLES, contentOf, EMPTY, type AppValues, type Console } from "./app-values";
import { removeApp, saveApp, type Platform } from "./queries";

interface Props {
  platform: Platform;
  onClose: () => void;
}

const TYPED = { dir: "ltr", spellCheck: false, autoComplete: "off" } as const;

export function AppDialog({ platform, onClose }: Props) {
  const console = CONSOLES[platform.platform];
  if (!console) return null;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Your own app at ${platform.title}`}
      description={`Accounts are then connected through your app instead of the operator's. The guide ${console.guide} shows how to make one.`}
    >
      <Addresses platform={platform} />
      <AppForm platform={platform} console={console} onClose={onClose} />
    </Dialog>
  );
}

/** What has to be typed at the platform. */
function Addresses({ platform: { redirect_uri: back, own_webhook_url: hook, title } }: { platform: Platform }) {
  const items = [
    ...(back ? [{ term: "Return address", detail: <Copyable text={back} label="return address" /> }] : []),
    ...(hook ? [{ term: "Webhook address", detail: <Copyable text={hook} label="webhook address" /> }] : []),
  ];
  if (items.length === 0) return null;
  return (
    <section aria-label={`To be entered at ${title}`} className="rounded-card bg-sunken p-3">
      <p className="mb-2 font-medium">Enter these in the console of {title}:</p>
      <DetailList items={items} />
    </section>
  );
}

function AppForm({ platform: { platform, title, own_app: own }, console, onClose }: Props & { console: Console }) {
  const [isRemoving, setIsRemoving] = useState(false);
  const form = useForm<AppValues>({ defaultValues: { ...EMPTY, client_id: own?.client_id ?? "" } });
  const submit = async (values: AppValues) => {
    await saveApp(platform, contentOf(values));
    toast({
      title: `Your app at ${title} is set`,
      description: "Accounts can be connected through it now.",
      tone: "ok",
    });
    onClose();
  };
  return (
    <Form form={form} onSubmit={submit} className="flex-1">
      {own && (
        <p className="text-muted">
          An app was set <DateTime at={own.updated_at} />. Its secrets are not shown: to change anything, enter all of
          it again.
        </p>
      )}
      <Fields console={console} />
      <FormActions>
        {own && (
          <Button variant="ghost" icon={Trash2} className="me-auto" onClick={() => setIsRemoving(true)}>
            Remove…
          </Button>
        )}
        <Button onClick={onClose}>Cancel</Button>
        <SubmitButton>{own ? "Replace the app" : "Set the app"}</SubmitButton>
      </FormActions>
      {isRemoving && (
        <ConfirmDialog
          open
          onOpenChange={setIsRemoving}
          title={`Remove your app at ${title}?`}
          description="Its id and secrets are deleted here. The server refuses it while accounts are connected through it; disconnect those first."
          confirm="Remove 1 app"
          danger
          onConfirm={async () => {
            await removeApp(platform);
            toast({ title: `Your app at ${title} is removed`, tone: "ok" });
            onClose();
          }}
        />
      )}
    </Form>
  );
}

const ROTATION = "One a line: the new and the old one while you change over.";

function Fields({ console }: { console: Console }) {
  const { client_id, client_secret, signing_secrets, verify_tokens, application_id } = console;
  return (
    <>
      <FormText<AppValues> name="client_id" {...client_id} required maxLength={300} mono {...TYPED} />
      <FormPassword<AppValues>
        name="client_secret"
        {...client_secret}
        required
        maxLength={500}
        mono
        {...TYPED}
        autoComplete="new-password"
      />
      {signing_secrets && (
        <FormText<AppValues>
          name="signing_secrets"
          label={signing_secrets.label}
          hint={`${signing_secrets.hint} ${ROTATION}`}
          required
          multiline
          rows={2}
          mono
          {...TYPED}
        />
      )}
      {verify_tokens && (
        <FormText<AppValues>
          name="verify_tokens"
          label={verify_tokens.label}
          hint={`${verify_tokens.hint} ${ROTATION}`}
          required
          multiline
          rows={2}
          mono
          {...TYPED}
        />
      )}
      {application_id && (
        <FormText<AppValues>
          name="application_id"
          {...application_id}
          inputMode="numeric"
          maxLength={100}
          mono
          {...TYPED}
        />
      )}
    </>
  );
}
