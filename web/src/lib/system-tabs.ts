/** The pages about how the installation does, as far as this person may open them; several features are among them. */
import { useQuery } from "@tanstack/react-query";

import { call, tenantKey } from "./api";
import { publicApi, useCan } from "./session";

interface Tab {
  to: string;
  label: string;
  end?: boolean;
}

/** None when there is nothing to choose between. */
export function useSystemTabs(): Tab[] {
  const [maySeeHealth, maySeeWork, maySeeMail] = [useCan("system:read"), useCan("work:read"), useCan("users:manage")];
  const isDemo = useIsDemo();
  const tabs: Tab[] = [
    ...(maySeeHealth ? [{ to: "/system", label: "Health", end: true }] : []),
    ...(maySeeWork
      ? [
          { to: "/system/dead-letters", label: "Dead letters" },
          { to: "/system/effects", label: "Outside actions" },
        ]
      : []),
    ...(isDemo && maySeeMail ? [{ to: "/system/outbox", label: "Outbox" }] : []),
  ];
  return tabs.length > 1 ? tabs : [];
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
