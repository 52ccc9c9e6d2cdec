/** The files of an answer that is being written: how far each is, what is wrong with it, and a way to leave it out. */
import { CircleAlert, Paperclip, RotateCw, X } from "lucide-react";
import { useEffect, useEffectEvent, useRef, useState } from "react";

import type { Schemas } from "@/lib/api";
import { formatBytes } from "@/lib/format";
import { describe } from "@/lib/problems";
import { IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Bdi } from "@/ui/name";
import { Progress } from "@/ui/progress";

import { attachAgain, remove } from "./attaching";
import { acceptOf, holdsBack, limitsText, takesNone, wrongWith, type Attached } from "./attaching-rules";
import { attachmentName } from "./words";

type Rules = Schemas["ChannelRules"];

interface AttachProps {
  rules: Rules;
  /** The text that says what the channel takes. */
  describedBy: string;
  onFiles: (files: File[]) => void;
}

/** The button stays where the channel takes nothing; the text beside it says so. */
export function AttachButton({ rules, describedBy, onFiles }: AttachProps) {
  const input = useRef<HTMLInputElement>(null);
  const none = takesNone(rules);
  return (
    <>
      <IconButton
        icon={Paperclip}
        label="Attach files"
        aria-describedby={describedBy}
        aria-disabled={none !== undefined}
        onClick={() => none === undefined && input.current?.click()}
      />
      <input
        ref={input}
        type="file"
        hidden
        multiple={rules.most_attachments > 1}
        accept={acceptOf(rules)}
        aria-label="Files for the answer"
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])]);
          // The same file may be chosen again after it was removed.
          currentTarget.value = "";
        }}
      />
    </>
  );
}

/** What the channel takes besides text, said before it is sent; without files only to who hears the page. */
export function FilesNote({ id, rules, files }: { id: string; rules: Rules; files: readonly Attached[] }) {
  const urgent = holdsBack(files, rules) ?? takesNone(rules);
  return (
    <span id={id} className={cx(!urgent && files.length === 0 && "sr-only")}>
      {urgent ?? limitsText(rules)}
    </span>
  );
}

export function AttachedFiles({ files, rules }: { files: readonly Attached[]; rules: Rules }) {
  if (files.length === 0) return null;
  return (
    <ul aria-label="Files of the answer" className="flex max-h-48 flex-col gap-1 overflow-y-auto">
      {files.map((file, nth) => (
        <FileRow key={file.key} file={file} wrong={wrongWith(file, nth, rules)} />
      ))}
    </ul>
  );
}

function FileRow({ file, wrong }: { file: Attached; wrong: string | undefined }) {
  const { key, size, share, attachment, error } = file;
  const name = file.name || attachmentName(attachment ?? { kind: "unknown" });
  const reason = wrong ?? (error === undefined ? undefined : refusal(error));
  return (
    <li
      className={cx(
        "flex min-w-0 items-center gap-2 rounded-control border px-2 py-1",
        reason ? "border-danger bg-danger-soft" : "border-border",
      )}
    >
      {reason ? (
        <CircleAlert size={16} aria-hidden className="shrink-0 text-danger-text" />
      ) : (
        <Paperclip size={16} aria-hidden className="shrink-0 text-muted" />
      )}
      <div className="min-w-0 flex-1">
        <p className="flex min-w-0 items-baseline gap-2">
          <Bdi className="min-w-0 truncate">{name}</Bdi>
          <span className="shrink-0 text-dense text-muted tabular-nums">{formatBytes(size)}</span>
        </p>
        {reason ? (
          <p role="alert" className="text-dense wrap-anywhere text-danger-text">
            {reason}
          </p>
        ) : (
          !attachment && <Progress value={share} label="On its way" />
        )}
      </div>
      {error !== undefined && wrong === undefined && (
        <IconButton size="sm" icon={RotateCw} label={`Upload ${name} again`} onClick={() => attachAgain(key)} />
      )}
      <IconButton size="sm" icon={X} label={`Remove ${name}`} onClick={() => remove(key)} />
    </li>
  );
}

/** What the server says of this file, rather than that something is wrong with a field. */
function refusal(error: unknown): string {
  const { fields, detail, title } = describe(error);
  return fields[0]?.message ?? (detail || title);
}

/** Files that are dropped anywhere on the page; true while some are held above it. */
export function useDropped(onFiles: (files: File[]) => void): boolean {
  const [isOver, setOver] = useState(false);
  const take = useEffectEvent((files: File[]) => onFiles(files));
  useEffect(() => {
    const stop = new AbortController();
    const on = (kind: "dragover" | "dragleave" | "drop", does: (event: DragEvent) => void) =>
      addEventListener(kind, does, { signal: stop.signal });
    on("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      // Else the browser would leave the page for the file.
      event.preventDefault();
      setOver(true);
    });
    on("dragleave", ({ relatedTarget }) => relatedTarget === null && setOver(false));
    on("drop", (event) => {
      setOver(false);
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      take(files);
    });
    return () => stop.abort();
  }, []);
  return isOver;
}
