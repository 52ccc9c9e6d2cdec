/** What is needed to connect accounts of a platform, in words. */
import type { Schemas } from "@/lib/api";

type Platform = Schemas["ChannelPlatform"];

export interface Readiness {
  isReady: boolean;
  text: string;
}

export function readinessOf({ platform, has_login, has_operator_app, own_app }: Platform): Readiness {
  if (platform === "web_chat") return { isReady: true, text: "Ready: it needs no account anywhere." };
  if (!has_login) return { isReady: false, text: "Not served by this installation. The operator can change that." };
  if (own_app && has_operator_app) return { isReady: true, text: "Ready, through your own app or the operator's." };
  if (own_app) return { isReady: true, text: "Ready, through your own app." };
  if (has_operator_app) return { isReady: true, text: "Ready, through the operator's app." };
  return { isReady: false, text: "Needs an app: enter one of your own, or ask the operator for theirs." };
}

const WHAT: Record<string, string> = {
  facebook: "Messages to a page, and comments under its posts.",
  instagram: "Direct messages to a professional account, and comments under its posts.",
  x: "Direct messages, and posts that mention the account.",
  linkedin: "Comments under an organisation's posts. LinkedIn lets no program read private messages.",
  web_chat: "A chat on your website, with one line in the page.",
};

export const whatComes = (platform: string): string => WHAT[platform] ?? "";

/** Where the guide is, beside the program's other documents. */
export const guideOf = (platform: string): string => `docs/connect-${platform.replaceAll("_", "-")}.md`;
