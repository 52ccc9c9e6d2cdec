/** Settings: the list of its pages beside the opened one; on a phone the list first, then the page. */
import { Outlet, useMatch } from "react-router";

import { SectionPane } from "@/shell/section-pane";

import { settingsSections } from "./settings-sections";

export function Component() {
  const isList = useMatch("/settings") !== null;
  return (
    <SectionPane title="Settings" to="/settings" groups={settingsSections} isList={isList}>
      <Outlet />
    </SectionPane>
  );
}
