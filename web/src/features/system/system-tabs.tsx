/** Health, and in the demo the outbox. */
import { useCan } from "@/lib/session";
import { LinkTabs } from "@/ui/tabs";

import { useIsDemo } from "./queries";

export function SystemTabs() {
  const maySeeMail = useCan("users:manage");
  const isDemo = useIsDemo();
  if (!isDemo || !maySeeMail) return null;
  return (
    <LinkTabs
      label="System"
      tabs={[
        { to: "/system", label: "Health", end: true },
        { to: "/system/outbox", label: "Outbox" },
      ]}
    />
  );
}
