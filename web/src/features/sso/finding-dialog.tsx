/** What a test log-in has shown. */
import { CircleCheck, OctagonAlert } from "lucide-react";

import { roleName } from "@/lib/role-names";
import { Button } from "@/ui/button";
import { CodeBlock } from "@/ui/code";
import { cx } from "@/ui/cx";
import { Dialog } from "@/ui/dialog";
import { Bdi } from "@/ui/name";
import { DetailList } from "@/ui/page";
import { ProblemAlert } from "@/ui/problem";
import { Delayed, SkeletonText } from "@/ui/skeleton";

import { sentence } from "./form-values";
import { useFinding, type Finding } from "./queries";

interface FindingDialogProps {
  ticket: string | undefined;
  /** This tab is the one that came back from the provider. */
  cameBack: boolean;
  close: () => void;
}

export function FindingDialog({ ticket, cameBack, close }: FindingDialogProps) {
  const { data: finding, error, refetch } = useFinding(ticket);
  return (
    <Dialog
      open={ticket !== undefined}
      onOpenChange={(open) => !open && close()}
      title="Test log-in"
      description={
        cameBack
          ? "The page where you began shows the same: you can close this tab."
          : "Your own session was not touched."
      }
      size="lg"
      footer={
        <Button variant="primary" onClick={close}>
          Done
        </Button>
      }
    >
      {finding ? (
        <Found finding={finding} />
      ) : error ? (
        <ProblemAlert error={error} onRetry={() => void refetch()} />
      ) : (
        <Delayed>
          <SkeletonText lines={6} />
        </Delayed>
      )}
    </Dialog>
  );
}

function Found({ finding }: { finding: Finding }) {
  const { works, message, claims } = finding;
  const Icon = works ? CircleCheck : OctagonAlert;
  const said = Object.keys(claims).length > 0;
  return (
    <>
      <div
        className={cx(
          "flex items-start gap-2.5 rounded-card p-3",
          works ? "bg-ok-soft text-ok-text" : "bg-danger-soft text-danger-text",
        )}
      >
        <Icon size={16} aria-hidden className="mt-0.5 shrink-0" />
        <div className="min-w-0">
          <p className="font-medium">{works ? "It works" : "This person would not get in"}</p>
          <p className="wrap-anywhere">{sentence(message)}</p>
        </div>
      </div>
      {said && (
        <>
          <DetailList items={facts(finding)} />
          <CodeBlock label="What the identity provider said" text={JSON.stringify(claims, null, 2)} copy wrap />
        </>
      )}
    </>
  );
}

function facts({ email, name, role, is_user, proves_second_factor }: Finding) {
  const none = <span className="text-muted">None that can be used</span>;
  return [
    { term: "E-mail", detail: email ? <Bdi>{email}</Bdi> : none },
    { term: "Name", detail: name ? <Bdi>{name}</Bdi> : none },
    {
      term: "Role here",
      detail: role ? `${roleName(role)}${is_user ? ", as given in this workspace" : ", from the claims"}` : "None",
    },
    { term: "User here", detail: is_user ? "Yes" : "Not yet" },
    {
      term: "Second factor",
      detail: proves_second_factor ? "The provider asked for one" : "Not proved by the provider",
    },
  ];
}
