/** The settings of an account: what its form holds, and what the server is told. */
import type { Schemas } from "@/lib/api";

type Account = Schemas["ChannelAccount"];
type Change = Schemas["ChannelAccountChange"];

/** Named as the server names them, so that what it complains about finds its field. */
export interface AccountValues {
  name: string;
  settings: {
    text_limit: string;
    poll_every_seconds: string;
    takes_comments: boolean;
    has_human_agent: boolean;
  };
}

export function valuesOf({ name, settings }: Account): AccountValues {
  return {
    name,
    settings: {
      text_limit: settings.text_limit?.toString() ?? "",
      poll_every_seconds: settings.poll_every_seconds?.toString() ?? "",
      takes_comments: !settings.ignores_comments,
      has_human_agent: settings.has_human_agent,
    },
  };
}

/** Empty for the default of the channel; `undefined` where it is no number. */
export function numberOf(text: string): number | null | undefined {
  const plain = text.trim().replaceAll(/[\s,.]/g, "");
  if (plain === "") return null;
  return /^\d{1,9}$/.test(plain) ? Number(plain) : undefined;
}

/** Settings are sent whole: what this form does not show goes back as it came. */
export function changeOf(account: Account, { name, settings }: AccountValues): Change {
  return {
    ...(name.trim() !== account.name && { name: name.trim() }),
    settings: {
      ...account.settings,
      text_limit: numberOf(settings.text_limit) ?? null,
      poll_every_seconds: numberOf(settings.poll_every_seconds) ?? null,
      ignores_comments: !settings.takes_comments,
      has_human_agent: settings.has_human_agent,
    },
  };
}

/** Meta only; see docs/channel-policy.md. */
export const hasHumanAgent = (platform: string): boolean => platform === "facebook" || platform === "instagram";
