/** What became of invitations: on their way, in the demo's outbox, or links to pass on. */
import { CircleCheck } from "lucide-react";

import { useCan } from "@/lib/session";
import { CodeBlock } from "@/ui/code";
import { Bdi } from "@/ui/name";
import { TextLink } from "@/ui/text-link";

import type { Sent } from "./queries";

export function InvitationsSent({ sent }: { sent: Sent[] }) {
  const links = sent.filter(({ link }) => link);
  return (
    <section aria-label="Invited" className="flex min-w-0 flex-col gap-3">
      <p role="status" className="flex items-start gap-2">
        <CircleCheck size={16} aria-hidden className="mt-0.5 shrink-0 text-ok-text" />
        <span>
          {sent.length === 1 ? "1 person is invited. " : `${sent.length} people are invited. `}
          {links.length > 0 ? (
            "No mail server is set up: pass the links on yourself. They are shown only now; a renewed invitation has a new one."
          ) : (
            <WhereTheLinksAre sent={sent} />
          )}
        </span>
      </p>
      {links.length > 1 && <CodeBlock text={allLinks(links)} label="All links" copy />}
      {links.length === 1 &&
        links.map(({ invitation, link }) => (
          <div key={invitation.id} className="flex min-w-0 flex-col gap-1">
            <Bdi className="font-medium">{invitation.email}</Bdi>
            <CodeBlock text={link ?? ""} label="Invitation link" copy wrap />
          </div>
        ))}
    </section>
  );
}

function WhereTheLinksAre({ sent }: { sent: Sent[] }) {
  const maySeeOutbox = useCan("system:read");
  if (sent.every(({ delivery }) => delivery !== "in_outbox")) return "The links are on their way by mail.";
  return (
    <>The links are in the demo&rsquo;s {maySeeOutbox ? <TextLink to="/system/outbox">outbox</TextLink> : "outbox"}.</>
  );
}

const allLinks = (links: Sent[]): string =>
  links.map(({ invitation, link }) => `${invitation.email}\t${link}`).join("\n");
