/** Alerting: who is told of what is wrong, and what counts as wrong. */
import { Plus } from "lucide-react";
import { useState } from "react";
import { useSearchParams } from "react-router";

import { withParams } from "@/lib/address";
import { useCan } from "@/lib/session";
import { useShortcuts } from "@/lib/shortcuts";
import { Button, LinkButton } from "@/ui/button";
import { Page } from "@/ui/page";
import { NoPermission } from "@/ui/problem";
import { SecretDialog } from "@/ui/secret-dialog";
import { toast } from "@/ui/toast";

import type { Made } from "./queries";
import { RulesSection } from "./rules-section";
import { TargetDialog } from "./target-dialog";
import { TargetsSection } from "./targets-section";

const TITLE = "Alerting";

export function Component() {
  const mayRead = useCan("alerts:read");
  if (mayRead) return <Alerting />;
  return (
    <Page title={TITLE}>
      <NoPermission what="see alert rules and targets" />
    </Page>
  );
}

function Alerting() {
  const mayManage = useCan("alerts:manage");
  const [params, setParams] = useSearchParams();
  const [made, setMade] = useState<Made>();
  const add = () => setParams((before) => withParams(before, { new: "1" }));
  const close = () => setParams((before) => withParams(before, { new: undefined }), { replace: true });
  useShortcuts(TITLE, mayManage ? [{ keys: "n", does: "Add a target", run: add }] : []);
  const keep = (fresh: Made) => {
    close();
    if (fresh.secret) setMade(fresh);
    else toast({ title: "The target is added", description: "Send a test to see whether it works.", tone: "ok" });
  };
  return (
    <Page
      title={TITLE}
      actions={
        <>
          <LinkButton to="/alerts">All alerts</LinkButton>
          {mayManage && (
            <Button variant="primary" icon={Plus} onClick={add}>
              Add a target
            </Button>
          )}
        </>
      }
      className="gap-8"
    >
      <TargetsSection />
      <RulesSection />
      {mayManage && params.has("new") && <TargetDialog onClose={close} onMade={keep} />}
      {made?.secret && (
        <SecretDialog
          of="The secret of"
          name={made.target.name}
          secret={made.secret}
          label="Signing secret"
          file="alert-target-secret.txt"
          noun="secret"
          ifLost="without it, remove the target and add it again."
          onClose={() => setMade(undefined)}
        >
          <p>
            Every alert is signed with it, as webhooks are. Your system verifies the signature before it believes
            anything; the guide docs/webhooks.md shows how.
          </p>
        </SecretDialog>
      )}
    </Page>
  );
}
