/** Where everybody begins: what to do first, and what happened meanwhile. */
import { serverNow } from "@/lib/clock";
import { useCan, useTenant, useUser } from "@/lib/session";
import { Bdi } from "@/ui/name";
import { Page } from "@/ui/page";

import { FirstSteps } from "./first-steps";
import { greetingAt } from "./greeting";
import { Lately } from "./lately";

export function Component() {
  const [user, tenant] = [useUser(), useTenant()];
  const mayReadLog = useCan("audit:read");
  return (
    <Page title="Home">
      <div className="flex w-full max-w-3xl flex-col gap-8 py-2">
        <div>
          <h2 className="text-title font-semibold wrap-anywhere">
            {greetingAt(serverNow())}, <Bdi>{user.name}</Bdi>
          </h2>
          <p className="text-muted">
            You are in <Bdi>{tenant.name}</Bdi>.
          </p>
        </div>
        <FirstSteps />
        {mayReadLog && <Lately />}
      </div>
    </Page>
  );
}
