/** A new key, this once. Nothing closes it by accident: neither Esc nor the back button, before the key is kept. */
import { useEffect, useState } from "react";
import { useBlocker } from "react-router";

import { serverNow } from "@/lib/clock";
import { formatDateTime } from "@/lib/format";
import { Button } from "@/ui/button";
import { CodeBlock, Secret } from "@/ui/code";
import { Dialog } from "@/ui/dialog";
import { CheckField } from "@/ui/field-choice";

import { useApiKeyOfId, type ApiKey, type Made } from "./queries";
import { exampleOf } from "./scopes";

interface Props {
  made: Made;
  /** The key in whose place it comes. */
  replaces?: ApiKey | undefined;
  onClose: () => void;
}

export function SecretDialog({ made, replaces, onClose }: Props) {
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
  const { name, scopes } = made.api_key;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      title={`The key “${name.length > 60 ? `${name.slice(0, 59)}…` : name}”`}
      description={replaces ? <Overlap replaced={replaces} /> : undefined}
      footer={
        <Button variant="primary" onClick={close}>
          Done
        </Button>
      }
    >
      <Secret text={made.secret} label="API key" file={`api-key-${made.api_key.prefix.slice(-8)}.txt`} />
      <CodeBlock text={exampleOf(scopes, location.origin)} label="Try it, with the key in SOCIALAI_API_KEY" copy wrap />
      <CheckField
        label="I have saved the key"
        checked={kept}
        onChange={setKept}
        error={
          asked && !kept ? "Save the key first. It cannot be shown again; without it, make another one." : undefined
        }
      />
    </Dialog>
  );
}

function Overlap({ replaced }: { replaced: ApiKey }) {
  // It got its end when it was replaced.
  const { data } = useApiKeyOfId(replaced.id);
  const ends = data?.rotated_to ? data.expires_at : undefined;
  if (!ends || Date.parse(ends) <= serverNow().getTime()) return <>It takes the place of {replaced.prefix}.</>;
  return (
    <>
      The old key {replaced.prefix} works until {formatDateTime(ends)}. Change your programs over before.
    </>
  );
}
