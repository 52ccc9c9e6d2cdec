/** A secret, this once. Nothing closes it by accident: neither Esc nor the back button, before it is kept. */
import { useEffect, useState, type ReactNode } from "react";
import { useBlocker } from "react-router";
import { Button } from "./button";
import { Secret } from "./code";
import { Dialog } from "./dialog";
import { CheckField } from "./field-choice";

interface SecretDialogProps {
  /** "The key", "The secret of" */
  of: string;
  /** What it belongs to. */
  name: string;
  description?: ReactNode;
  secret: string;
  /** What the secret is called: "API key". */
  label: string;
  /** The name of the file that can be downloaded. */
  file: string;
  /** In a sentence: "key". */
  noun: string;
  /** What to do when it is lost. */
  ifLost: string;
  onClose: () => void;
  /** How it is used. */
  children?: ReactNode;
}

const LONGEST_NAME = 60;

export function SecretDialog(props: SecretDialogProps) {
  const { of, name, description, secret, label, file, noun, ifLost, onClose, children } = props;
  const [kept, setKept] = useState(false);
  const [asked, setAsked] = useState(false);
  useStaying(!kept, () => setAsked(true));
  const close = () => (kept ? onClose() : setAsked(true));
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      title={`${of} “${name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name}”`}
      description={description}
      footer={
        <Button variant="primary" onClick={close}>
          Done
        </Button>
      }
    >
      <Secret text={secret} label={label} file={file} />
      {children}
      <CheckField
        label={`I have saved the ${noun}`}
        checked={kept}
        onChange={setKept}
        error={asked && !kept ? `Save the ${noun} first. It cannot be shown again; ${ifLost}` : undefined}
      />
    </Dialog>
  );
}

/** Leaves the page where it is, whatever would lead away from it. */
function useStaying(stays: boolean, onTry: () => void): void {
  const blocker = useBlocker(() => {
    onTry();
    return stays;
  });
  useEffect(() => {
    if (blocker.state === "blocked") blocker.reset();
  }, [blocker]);
  useEffect(() => {
    if (!stays) return undefined;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [stays]);
}
