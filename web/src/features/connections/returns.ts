/** Coming back from a platform: what the address says, and what to do when nothing was connected. */
import { withParams } from "@/lib/address";
import { platformTitle } from "@/lib/platforms";

export type Return = { platform: string } & ({ connection: string } | { error: string });

/** As the server writes it; anything else in the address is nothing. */
export function returnOf(search: URLSearchParams): Return | undefined {
  const [platform, connection, error] = [search.get("platform"), search.get("connection"), search.get("error")];
  if (!platform || !/^[a-z_]{1,20}$/.test(platform)) return undefined;
  if (connection && connection.length <= 300) return { platform, connection };
  return error && /^[a-z_]{1,40}$/.test(error) ? { platform, error } : undefined;
}

/** The address as it was before. */
export const withoutReturn = (search: URLSearchParams): URLSearchParams =>
  withParams(search, { platform: undefined, connection: undefined, error: undefined });

export interface Explanation {
  title: string;
  text: string;
  advice: string;
}

const ACCOUNTS: Record<string, string> = {
  facebook:
    "Log in as somebody who manages the Facebook page, and tick the page in Facebook's own dialog (“Edit settings” shows it again).",
  instagram:
    "Only professional Instagram accounts that belong to a Facebook page can be connected. Link the account to the page in Instagram, then tick both in the dialog.",
  linkedin: "Log in as somebody who is a super admin of the LinkedIn page. Content admins cannot connect it.",
};

export function explain({ platform, error }: { platform: string; error: string }): Explanation {
  const title = platformTitle(platform);
  switch (error) {
    case "declined":
      return {
        title: `The log-in at ${title} was cancelled`,
        text: `Somebody pressed Cancel at ${title}, or left out what was asked for. Nothing was connected.`,
        advice: "Connect again, and agree to everything that is asked for: each item is explained before you go.",
      };
    case "refused":
      return {
        title: `${title} refused the log-in`,
        text: "The app is not set up there as it has to be, or not yet reviewed. Nothing was connected.",
        advice:
          "Check in the platform's console that the app is live, has the permissions, and knows the return address that the own app's dialog shows.",
      };
    case "expired":
      return {
        title: "The way back took too long",
        text: "The log-in has to be finished within ten minutes, once, and in the browser in which it began. Nothing was connected.",
        advice: "Connect again in this browser.",
      };
    case "no_accounts":
      return {
        title: `No account was found at ${title}`,
        text: "The log-in worked, but nothing belongs to it that could be connected.",
        advice: ACCOUNTS[platform] ?? `Log in at ${title} with the account that should be connected.`,
      };
    case "failed":
      return {
        title: `${title} did not answer as expected`,
        text: "The log-in was not finished. Nothing was connected.",
        advice: "Wait a minute and connect again. If it stays, the operator finds the reason in the log.",
      };
    default:
      return {
        title: `${title} was not connected`,
        text: `The reason is called “${error}”, which this page does not know.`,
        advice: "Load the page again, which may be older than the server, and connect again.",
      };
  }
}

/** Only a web address is gone to; the page must not run what an answer says. */
export function isWebAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "https:" || url.protocol === "http:");
}
