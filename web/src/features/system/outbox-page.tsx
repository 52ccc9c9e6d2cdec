/** The mail that the demo kept instead of sending it. */
import { ArrowLeft, MailX, Inbox } from "lucide-react";
import { useSearchParams } from "react-router";

import type { Schemas } from "@/lib/api";
import { describe } from "@/lib/problems";
import { useCan } from "@/lib/session";
import { LinkButton } from "@/ui/button";
import { cx } from "@/ui/cx";
import { Bdi } from "@/ui/name";
import { Page } from "@/ui/page";
import { EmptyState, ErrorState, NoPermission, ProblemAlert } from "@/ui/problem";
import { Delayed, SkeletonText } from "@/ui/skeleton";
import { TextLink } from "@/ui/text-link";
import { DateTime } from "@/ui/time";

import { MailList } from "./mail-list";
import { piecesOf } from "./mail-text";
import { useOutbox } from "./queries";

export type Mail = Schemas["KeptMail"];

export function Component() {
  const maySee = useCan("users:manage");
  return (
    <Page title="Outbox" className="p-0 lg:px-0">
      {maySee ? <Outbox /> : <NoPermission what="read the demo’s mail" />}
    </Page>
  );
}

function Outbox() {
  const { data, error, refetch } = useOutbox(true);
  const [search] = useSearchParams();
  const opened = data?.find(({ id }) => id === search.get("mail"));
  if (error && describe(error).status === 404) {
    return (
      <EmptyState
        icon={MailX}
        title="There is no outbox here"
        text="Only the demo keeps mail to be read here. This installation sends it to people’s own mailboxes."
        action={<LinkButton to="/system">Show the system’s health</LinkButton>}
      />
    );
  }
  if (!data) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Loading />;
  if (data.length === 0) {
    return (
      <EmptyState
        icon={Inbox}
        title="No mail yet"
        text="The demo sends none: invitations and reset links appear here instead. Invite somebody, and read what they would get."
        action={<LinkButton to="/settings/users/invitations">Go to invitations</LinkButton>}
      />
    );
  }
  return (
    <>
      {error && <ProblemAlert error={error} className="m-4" onRetry={() => void refetch()} />}
      <div className="flex min-h-0 flex-1 items-stretch">
        <MailList mails={data} opened={opened?.id} className={cx(opened && "max-md:hidden")} />
        <div className={cx("min-w-0 flex-1", !opened && "max-md:hidden")}>
          {opened ? <Letter mail={opened} /> : <p className="p-6 text-muted">Choose a mail to read it.</p>}
        </div>
      </div>
    </>
  );
}

function Letter({ mail }: { mail: Mail }) {
  return (
    <article aria-label={mail.subject} className="flex max-w-2xl flex-col gap-4 p-4 md:p-6">
      <LinkButton to="?" variant="ghost" size="sm" icon={ArrowLeft} className="self-start md:hidden">
        All mail
      </LinkButton>
      <header className="flex flex-col gap-1 border-b border-border pb-4">
        <h2 className="text-title font-semibold wrap-anywhere">
          <Bdi>{mail.subject}</Bdi>
        </h2>
        <p className="text-muted">
          To <Bdi>{mail.to}</Bdi> · <DateTime at={mail.created_at} />
        </p>
      </header>
      <p dir="auto" className="wrap-anywhere whitespace-pre-wrap">
        {piecesOf(mail.text, location.origin).map(({ at, text, href }) =>
          href ? (
            <TextLink key={at} href={href}>
              {text}
            </TextLink>
          ) : (
            <span key={at}>{text}</span>
          ),
        )}
      </p>
    </article>
  );
}

function Loading() {
  return (
    <Delayed>
      <div className="w-full p-4 md:w-88">
        <SkeletonText lines={9} />
      </div>
    </Delayed>
  );
}
