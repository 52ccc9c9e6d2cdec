/** The tabs above the pages about how the installation does, as far as this person may open them. */
import { useQuery } from "@tanstack/react-query";
import { Outlet } from "react-router";

import { useOpenAlerts } from "@/features/alerts/queries";
import { call, tenantKey } from "@/lib/api";
import { publicApi, useCan } from "@/lib/session";
import { useAllowed } from "@/shell/sections";
import { SharedTabs } from "@/ui/page";
import { LinkTabs } from "@/ui/tabs";

import { systemSections } from "./sections";

export function Component() {
  const tabs = useTabs();
  return (
    // None when there is nothing to choose between.
    <SharedTabs value={tabs.length > 1 && <LinkTabs label="System" tabs={tabs} />}>
      <Outlet />
    </SharedTabs>
  );
}

function useTabs() {
  const [maySeeHealth, maySeeAlerts, maySeeMail] = [
    useCan("system:read"),
    useCan("alerts:read"),
    useCan("users:manage"),
  ];
  const isDemo = useIsDemo();
  const openAlerts = useOpenAlerts(maySeeAlerts);
  const pages = useAllowed(systemSections).flatMap(({ items }) => items);
  return [
    ...(maySeeHealth ? [{ to: "/system", label: "Health", end: true }] : []),
    ...pages.map(({ to, label }) => ({ to, label, ...(to === "/alerts" && openAlerts > 0 && { count: openAlerts }) })),
    ...(isDemo && maySeeMail ? [{ to: "/system/outbox", label: "Outbox" }] : []),
  ];
}

/** Only the demo keeps mail instead of sending it. */
function useIsDemo(): boolean {
  const { data } = useQuery({
    queryKey: tenantKey("system", "options"),
    queryFn: ({ signal }) => call(publicApi.GET("/auth/options", { signal })),
    staleTime: Infinity,
  });
  return (data?.demo?.length ?? 0) > 0;
}
