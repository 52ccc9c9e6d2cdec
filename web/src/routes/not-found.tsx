/** An address that leads nowhere. */
import { Compass } from "lucide-react";

import { LinkButton } from "@/ui/button";
import { Page } from "@/ui/page";
import { EmptyState } from "@/ui/problem";

export function Component() {
  return (
    <Page title="Not found">
      <EmptyState
        icon={Compass}
        title="There is no such page"
        text="The address may be mistyped, or the page belongs to another workspace."
        action={<LinkButton to="/">Go home</LinkButton>}
      />
    </Page>
  );
}
