/** Pages that have nothing to show, or failed. */
import { Inbox } from "lucide-react";
import { ProblemError, Unreachable } from "@/lib/problems";
import { LinkButton } from "../button";
import { Card, Section } from "../page";
import { EmptyState, ErrorState, NoPermission, OfflineNote, ProblemAlert } from "../problem";
import { Skeleton, SkeletonText } from "../skeleton";
import { LONG_WORD } from "./samples";

const REFUSED = new ProblemError({
  type: "about:blank",
  title: "Too many attempts",
  status: 429,
  code: "too_many_attempts",
  detail: "This address was tried ten times.",
  advice: "Wait 15 minutes.",
  request_id: "req_0198c0ffee0000aa",
});
const LONG = new ProblemError({ ...REFUSED.problem, title: LONG_WORD, detail: `${LONG_WORD} <b>markup</b>` });

export function States() {
  const again = () => undefined;
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <Card title="Inline">
        <ProblemAlert error={REFUSED} onRetry={again} />
        <ProblemAlert error={new Unreachable()} title="The export was not started" />
        <ProblemAlert error={LONG} />
        <OfflineNote />
      </Card>
      <Card>
        <EmptyState
          icon={Inbox}
          title="No messages yet"
          text="Messages of your channels arrive here. None is connected."
          action={
            <LinkButton to="?part=states" variant="primary">
              Connect a channel
            </LinkButton>
          }
          guide={{ href: "https://example.com/guide", label: "How channels work" }}
        />
      </Card>
      <Card>
        <ErrorState error={REFUSED} kept="Your draft is kept." onRetry={again} />
      </Card>
      <Card>
        <ErrorState error={new Unreachable()} onRetry={again} />
      </Card>
      <Card>
        <NoPermission what="see the audit log" />
      </Card>
      <Card title="Loading">
        <Section title="Text">
          <SkeletonText lines={4} />
        </Section>
        <Skeleton className="h-8 w-32" />
      </Card>
    </div>
  );
}
