/** Which files a channel takes with an answer, in words, before anything is sent; the server says it again. */
import type { Schemas } from "@/lib/api";
import { formatBytes } from "@/lib/format";

import { placeOf, type Attachment } from "./words";

type Rules = Schemas["ChannelRules"];

/** A file that is to be sent. */
export interface Attached {
  key: string;
  conversation: string;
  name: string;
  size: number;
  /** By the browser, until the server has looked at it. */
  type: string;
  /** How much of it is with the server, from 0 to 1. */
  share: number;
  /** What the server made of it. */
  attachment?: Attachment;
  /** Why the server did not take it. */
  error?: unknown;
}

const KINDS: Record<string, string> = { image: "pictures", audio: "sound", video: "video", file: "documents" };
const MEBIBYTE = 1_048_576;

const isOneOf = (kind: string | undefined): kind is "image" | "audio" | "video" =>
  kind === "image" || kind === "audio" || kind === "video";

export function kindOf({ attachment, type }: Pick<Attached, "attachment" | "type">): string {
  const [kind] = type.split("/");
  return attachment?.kind ?? (isOneOf(kind) ? kind : "file");
}

const listed = new Intl.ListFormat("en-GB");
const kindsOf = ({ media }: Rules): string => listed.format(media.map((kind) => KINDS[kind] ?? kind));

/** The platform's own limits are round in these. */
export const sizeText = (bytes: number): string =>
  bytes % MEBIBYTE === 0 ? `${bytes / MEBIBYTE} MB` : formatBytes(bytes);

/** Why nothing can be attached here at all. */
export function takesNone(rules: Rules): string | undefined {
  if (rules.most_attachments > 0 && rules.media.length > 0) return undefined;
  const place = placeOf(rules);
  return rules.surface === "comment" ? `${place}s take no files.` : `${place} takes no files from here.`;
}

/** What may be attached. */
export function limitsText(rules: Rules): string {
  const most = rules.most_attachments === 1 ? "one at a time" : `at most ${rules.most_attachments}`;
  const size = rules.largest_attachment_bytes > 0 ? `, each up to ${sizeText(rules.largest_attachment_bytes)}` : "";
  const apart = rules.text_with_media ? "" : " Text and files go out as messages of their own.";
  return `Takes ${kindsOf(rules)}: ${most}${size}.${apart}`;
}

/** For the browser's own dialog; whoever chooses something else there is told why it does not go. */
export const acceptOf = ({ media }: Rules): string =>
  media.includes("file") ? "" : media.map((kind) => `${kind}/*`).join(",");

/** Why this file cannot go with the answer. `nth` counts from 0. */
export function wrongWith(file: Attached, nth: number, rules: Rules): string | undefined {
  if (takesNone(rules)) return takesNone(rules);
  if (!rules.media.includes(kindOf(file))) return `${placeOf(rules)} takes ${kindsOf(rules)} only.`;
  const largest = rules.largest_attachment_bytes;
  if (largest > 0 && file.size > largest) return `It has ${formatBytes(file.size)}; ${sizeText(largest)} are allowed.`;
  if (file.size === 0) return "The file is empty.";
  if (nth >= rules.most_attachments) return `At most ${rules.most_attachments} at once: send it with the next answer.`;
  return undefined;
}

/** Why the answer has to wait for its files, or cannot go with them. */
export function holdsBack(files: readonly Attached[], rules: Rules): string | undefined {
  if (files.some((file, nth) => file.error !== undefined || wrongWith(file, nth, rules))) {
    return "Remove the files that cannot be sent.";
  }
  return files.some(({ attachment }) => !attachment) ? "The files are still on their way here." : undefined;
}
