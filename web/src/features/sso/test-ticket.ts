/**
 * A test log-in comes back in a tab of its own, with a ticket in the fragment of the address. That tab shows the finding,
 * and tells the tab in which the test was begun.
 */
import { useEffect, useState } from "react";

import { useTenant } from "@/lib/session";

const TICKET = /^#test=(.+)$/;

export function useTestTicket(): { ticket: string | undefined; cameBack: boolean; forget: () => void } {
  const tenant = useTenant();
  const [own] = useState(() => TICKET.exec(location.hash)?.[1]);
  const [ticket, setTicket] = useState(own);
  useEffect(() => {
    const others = new BroadcastChannel(`socialai.sso-test.${tenant.id}`);
    others.addEventListener("message", ({ data }: MessageEvent<string>) => setTicket(data));
    if (own) {
      // Nothing of it stays in the address bar or the history.
      history.replaceState(history.state, "", location.pathname + location.search);
      others.postMessage(own);
    }
    return () => others.close();
  }, [tenant.id, own]);
  return { ticket, cameBack: own !== undefined, forget: () => setTicket(undefined) };
}

/**
 * Opens the provider in a tab of its own: when it refuses, it shows its own page from which no way leads back here. The
 * tab is opened at once, in the click, because browsers open none later.
 */
export async function visit(address: Promise<string>): Promise<void> {
  const tab = window.open("", "_blank");
  // The provider's page must not reach into this one.
  if (tab) tab.opener = null;
  try {
    const url = await address;
    if (tab) tab.location.replace(url);
    else location.assign(url);
  } catch (error) {
    tab?.close();
    throw error;
  }
}
