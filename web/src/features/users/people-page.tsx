/** The frame that the three pages about people share. */
import type { ReactNode } from "react";

import { useCan } from "@/lib/session";
import { Page } from "@/ui/page";
import { LinkTabs } from "@/ui/tabs";

interface Props {
  actions?: ReactNode;
  filters?: ReactNode;
  /** What the page is called in the browser's tab and history. */
  title: string;
  children: ReactNode;
}

export function PeoplePage(props: Props) {
  const mayManage = useCan("users:manage");
  const tabs = [
    { to: "/settings/users", label: "People", end: true },
    ...(mayManage ? [{ to: "/settings/users/invitations", label: "Invitations" }] : []),
    { to: "/settings/users/roles", label: "Roles" },
  ];
  return <Page {...props} tabs={<LinkTabs label="People, invitations and roles" tabs={tabs} />} />;
}
