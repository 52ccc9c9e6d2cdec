/** What came with a message: a picture, or a row that says what it is and lets one save it. */
import {
  Download,
  FileAudio,
  FileQuestion,
  FileText,
  FileVideo,
  Image,
  MapPin,
  Share2,
  type LucideIcon,
} from "lucide-react";
import { useCallback, useState } from "react";

import { downloadBlob } from "@/lib/browser";
import { formatBytes } from "@/lib/format";
import { Button, IconButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Dialog } from "@/ui/dialog";
import { Bdi } from "@/ui/name";
import { toastProblem } from "@/ui/toast";

import { isPicture, readFile, usePicture } from "./attachment-files";
import { attachmentName, type Attachment } from "./words";

const ICONS: Partial<Record<Attachment["kind"], LucideIcon>> = {
  image: Image,
  audio: FileAudio,
  video: FileVideo,
  file: FileText,
  sticker: Image,
  share: Share2,
  location: MapPin,
};

export function AttachmentView({ attachment }: { attachment: Attachment }) {
  return isPicture(attachment) ? <Picture attachment={attachment} /> : <FileRow attachment={attachment} />;
}

function Picture({ attachment }: { attachment: Attachment }) {
  const { data, error } = usePicture(attachment);
  const [isBroken, setBroken] = useState(false);
  const [isLarge, setLarge] = useState(false);
  if (error || isBroken) return <FileRow attachment={attachment} />;
  const name = attachmentName(attachment);
  // The place is kept free, so that nothing jumps when the picture comes.
  return (
    <div className="grid h-56 w-72 max-w-[85%] place-items-center overflow-hidden rounded-card border border-border bg-sunken">
      {data && (
        <button type="button" aria-label={`Enlarge ${name}`} onClick={() => setLarge(true)}>
          <Drawn blob={data} name={name} className="max-h-56 max-w-full" onError={() => setBroken(true)} />
        </button>
      )}
      {isLarge && data && (
        <Dialog
          open
          size="lg"
          onOpenChange={setLarge}
          title={name}
          footer={
            <Button icon={Download} onClick={() => downloadBlob(name, data)}>
              Save
            </Button>
          }
        >
          <Drawn blob={data} name={name} className="mx-auto max-h-[60vh] max-w-full" />
        </Dialog>
      )}
    </div>
  );
}

interface DrawnProps {
  blob: Blob;
  name: string;
  className: string;
  onError?: () => void;
}

/** Its address in memory lives as long as the element does. */
function Drawn({ blob, name, className, onError }: DrawnProps) {
  const show = useCallback(
    (image: HTMLImageElement | null) => {
      if (!image) return undefined;
      const address = URL.createObjectURL(blob);
      image.src = address;
      return () => URL.revokeObjectURL(address);
    },
    [blob],
  );
  return <img ref={show} alt={name} className={cx("object-contain", className)} onError={onError} />;
}

function FileRow({ attachment }: { attachment: Attachment }) {
  const { id, kind, state, size_bytes: size } = attachment;
  const Icon = ICONS[kind] ?? FileQuestion;
  const name = attachmentName(attachment);
  const save = async () => {
    try {
      downloadBlob(name, await readFile(id));
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <div className="flex max-w-[min(24rem,85%)] items-center gap-2.5 rounded-card border border-border px-3 py-2">
      <Icon size={20} aria-hidden className="shrink-0 text-muted" />
      <div className="min-w-0 flex-1">
        <Bdi className="block truncate">{name}</Bdi>
        <p className="text-dense text-muted">
          <Bdi>{standing(attachment)}</Bdi>
        </p>
      </div>
      {state === "stored" && (
        <IconButton
          label={`Save ${name}${size ? `, ${formatBytes(size)}` : ""}`}
          icon={Download}
          onClick={() => void save()}
        />
      )}
    </div>
  );
}

/** Whether it can be had, and if not why. */
function standing({ state, state_reason: reason, size_bytes: size, content_type: type, kind }: Attachment): string {
  const texts: Record<Attachment["state"], string> = {
    stored: [size && formatBytes(size), type].filter(Boolean).join(" · "),
    waiting: "Is being fetched…",
    refused: `Not kept: ${reason ?? "it is too large, or of a kind that is not kept"}`,
    failed: `Could not be fetched: ${reason ?? "the platform did not give it"}`,
    none: kind === "unknown" ? "Can be seen at the platform" : "Nothing to save",
  };
  return texts[state] ?? state;
}
