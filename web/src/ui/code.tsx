/** Text for machines: shown as it is, copied with one click. */
import { Check, Copy, Download, TriangleAlert } from "lucide-react";
import { useEffect, useState } from "react";
import { copyText, downloadBlob } from "@/lib/browser";
import { Button, IconButton } from "./button";
import { cx } from "./cx";

const SAID_MS = 2000;

/** What scrolls can be reached by the keyboard, or what is cut off could not be read without a mouse. */
const SCROLLS = { tabIndex: 0, role: "group" } as const;

/** Copies, and says for a moment whether it worked. */
function useCopy(text: string): { said: string; copy: () => Promise<void> } {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (said === "") return undefined;
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => setSaid((await copyText(text)) ? "Copied" : "Select the text and copy it yourself");
  return { said, copy };
}

interface CodeBlockProps {
  text: string;
  label?: string | undefined;
  copy?: boolean | undefined;
  wrap?: boolean | undefined;
  className?: string | undefined;
}

export function CodeBlock({ text, label, copy = false, wrap = false, className }: CodeBlockProps) {
  const { said, copy: run } = useCopy(text);
  return (
    <figure className={cx("min-w-0 rounded-card border border-border bg-sunken", className)}>
      {(label || copy) && (
        <figcaption className="flex min-h-9 items-center gap-2 border-b border-border py-1 ps-3 pe-1.5 text-dense text-muted">
          <span className="min-w-0 flex-1 truncate">{label}</span>
          <span role="status" className="text-ok-text">
            {said}
          </span>
          {copy && (
            <IconButton
              label={`Copy ${label ?? "the text"}`}
              icon={said ? Check : Copy}
              size="sm"
              onClick={() => void run()}
            />
          )}
        </figcaption>
      )}
      <div {...SCROLLS} aria-label={label ?? "Code"} className="overflow-x-auto rounded-card -outline-offset-2">
        <pre className={cx("p-3 font-mono text-dense", wrap && "wrap-anywhere whitespace-pre-wrap")}>
          <code>{text}</code>
        </pre>
      </div>
    </figure>
  );
}

interface CopyableProps {
  text: string;
  /** What it is: "key id". */
  label: string;
  className?: string | undefined;
}

export function Copyable({ text, label, className }: CopyableProps) {
  const { said, copy } = useCopy(text);
  const Icon = said ? Check : Copy;
  return (
    <span className={cx("inline-flex max-w-full items-center gap-1.5", className)}>
      <button
        type="button"
        aria-label={`Copy ${label}: ${text}`}
        onClick={() => void copy()}
        className="inline-flex min-h-6 min-w-0 items-center gap-1.5 rounded-control px-1 font-mono text-dense hover:bg-hover pointer-coarse:min-h-10"
      >
        <span className="truncate" title={text}>
          {text}
        </span>
        <Icon size={12} aria-hidden className="shrink-0 text-muted" />
      </button>
      <span role="status" className="text-dense text-ok-text empty:hidden">
        {said}
      </span>
    </span>
  );
}

interface SecretProps extends CopyableProps {
  /** The name of the file that can be downloaded. */
  file?: string | undefined;
}

/** A secret that is shown this once. */
export function Secret({ text, label, file, className }: SecretProps) {
  const { said, copy } = useCopy(text);
  const name = file ?? `${label.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-")}.txt`;
  return (
    <section
      aria-label={label}
      className={cx("flex min-w-0 flex-col gap-3 rounded-card border border-border p-4", className)}
    >
      <p className="flex items-start gap-2 text-warn-text">
        <TriangleAlert size={16} aria-hidden className="mt-0.5 shrink-0" />
        Save it now: it cannot be shown again.
      </p>
      <pre
        {...SCROLLS}
        aria-label={`${label}, text`}
        className="wrap-anywhere rounded-control bg-sunken p-3 font-mono text-dense whitespace-pre-wrap"
      >
        {text}
      </pre>
      <div className="flex flex-wrap items-center gap-2">
        <Button icon={Copy} onClick={() => void copy()}>
          Copy
        </Button>
        <Button icon={Download} onClick={() => downloadBlob(name, new Blob([`${text}\n`], { type: "text/plain" }))}>
          Download
        </Button>
        <span role="status" className="text-dense text-ok-text">
          {said}
        </span>
      </div>
    </section>
  );
}
