/** What the dialog of a canned reply holds, and how the list is searched. */
import type { Schemas } from "@/lib/api";
import { platformTitle } from "@/lib/platforms";

type Reply = Schemas["CannedReply"];
type Content = Schemas["CannedReplyContent"];
type Platform = Reply["platforms"][number];

export const PLATFORMS: Platform[] = ["facebook", "instagram", "x", "linkedin", "web_chat"];

/** Named as the server names them, so that what it complains about finds its field. */
export interface ReplyValues {
  shortcut: string;
  title: string;
  body: string;
  platforms: string[];
}

export const valuesOf = (reply: Content | undefined): ReplyValues => ({
  shortcut: reply?.shortcut ?? "",
  title: reply?.title ?? "",
  body: reply?.body ?? "",
  platforms: reply?.platforms ?? [],
});

/** All platforms are the same as none named: one that comes later is meant, too. */
export function contentOf({ shortcut, title, body, platforms }: ReplyValues): Content {
  const chosen = PLATFORMS.filter((platform) => platforms.includes(platform));
  return {
    shortcut: plainShortcut(shortcut),
    title: title.trim(),
    body: body.trim(),
    platforms: chosen.length === PLATFORMS.length ? [] : chosen,
  };
}

/** People type the slash with it. */
export const plainShortcut = (text: string): string => text.trim().replace(/^\/+/, "");

export const checkShortcut = (text: unknown): true | string =>
  (typeof text === "string" && /^[\p{Alphabetic}\p{N}_-]{1,40}$/u.test(plainShortcut(text))) ||
  "1 to 40 letters, digits, hyphens and underscores.";

export const platformsOf = (platforms: readonly string[]): string =>
  platforms.length === 0 ? "All" : platforms.map(platformTitle).join(", ");

/** Those in which every word stands somewhere. */
export function matching(replies: readonly Reply[], search: string): Reply[] {
  const words = search.toLocaleLowerCase().replace(/^\//, "").split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...replies];
  return replies.filter(({ shortcut, title, body }) => {
    const text = `${shortcut} ${title} ${body}`.toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** A platform that an address names. */
export const platformIn = (search: URLSearchParams): Platform | undefined =>
  PLATFORMS.find((platform) => platform === search.get("platform"));
