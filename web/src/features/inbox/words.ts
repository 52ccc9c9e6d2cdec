/** Platforms and states in words. */
import type { Schemas } from "@/lib/api";

export type Platform = Schemas["Platform"];
export type Message = Schemas["Message"];
export type Attachment = Schemas["Attachment"];
export type Gap = Schemas["ChannelGap"];
type Conversation = Schemas["Conversation"];

export const PLATFORMS: readonly Platform[] = ["facebook", "instagram", "x", "linkedin", "web_chat"];

const NAMES: Record<Platform, string> = {
  facebook: "Facebook",
  instagram: "Instagram",
  x: "X",
  linkedin: "LinkedIn",
  web_chat: "Web chat",
};

/** What a newer server knows is called by its own word. */
export const platformName = (platform: string): string => NAMES[platform as Platform] ?? platform;

/** "Facebook", or "Facebook comment" where everybody reads along. */
export const placeOf = ({ platform, surface }: Pick<Conversation, "platform" | "surface">): string =>
  surface === "comment" ? `${platformName(platform)} comment` : platformName(platform);

/** A person whose name no platform told has still to be called something. */
export const nameOf = ({ contact_name: name, platform }: Pick<Conversation, "contact_name" | "platform">): string =>
  name.trim() || `Somebody on ${platformName(platform)}`;

const ATTACHMENTS: Record<string, string> = {
  image: "Picture",
  audio: "Voice message",
  video: "Video",
  file: "File",
  sticker: "Sticker",
  share: "Shared post",
  location: "Place",
};

export const attachmentName = ({ kind, file_name: name }: Pick<Attachment, "kind" | "file_name">): string =>
  name?.trim() || ATTACHMENTS[kind] || "Something of a kind that we do not know";

const STATES: Record<string, string> = {
  queued: "On its way",
  sent: "Sent",
  delivered: "Delivered",
  read: "Read",
  refused: "Not sent",
  unknown: "Being settled",
  failed: "Not sent",
};

export const stateName = (state: string): string => STATES[state] ?? state;

export const gapText = ({ state, reason, recovered }: Gap): string => {
  if (state === "open") return `Messages may be missing from here on: ${reason}`;
  if (state === "lost") return `Messages of this time may be missing for good: ${reason}`;
  if (recovered === 0) return "The channel was not heard here. Nothing was missing.";
  const what = recovered === 1 ? "1 message was" : `${recovered} messages were`;
  return `The channel was not heard here. ${what} fetched later.`;
};
