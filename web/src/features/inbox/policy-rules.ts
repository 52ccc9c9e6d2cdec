/** What the channel's rules say of what is in the field, before it is sent; the server says it again. */
import type { Schemas } from "@/lib/api";

import { count, type Count } from "./counting";

type Policy = Schemas["ConversationPolicy"];

export interface Standing {
  count: Count;
  /** Nothing can be sent here now, whatever it says. */
  blocked?: string;
  /** A text can be written here, and is sent by hand at the platform. */
  isDraftOnly: boolean;
  /** Why just this cannot be sent. */
  wrong?: string;
}

/** About any text, not about the one that is written. */
const OF_THE_TEXT = new Set(["empty", "too_long", "media_not_allowed", "attachment_too_large", "too_many_attachments"]);

export function standing({ verdict, rules }: Policy, text: string): Standing {
  const { refused } = verdict;
  const counted = count(rules.unit, text, verdict.text_limit);
  const isDraftOnly = refused?.code === "draft_only";
  const blocked = refused && !isDraftOnly && !OF_THE_TEXT.has(refused.code) ? refused.sentence : undefined;
  const wrong = counted.isOver ? `Shorten it by ${counted.length - counted.limit}.` : undefined;
  return { count: counted, isDraftOnly, ...(blocked && { blocked }), ...(wrong && { wrong }) };
}
