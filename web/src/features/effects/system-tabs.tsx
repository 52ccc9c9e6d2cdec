/** The pages about how the installation does. */
import { useSystemTabs } from "@/lib/system-tabs";
import { LinkTabs } from "@/ui/tabs";

export function SystemTabs() {
  const tabs = useSystemTabs();
  return tabs.length > 0 && <LinkTabs label="System" tabs={tabs} />;
}
