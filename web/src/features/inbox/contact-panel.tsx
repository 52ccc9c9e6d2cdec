/** Who it is: what is known of them, where they write from, and what else was said. */
import { Merge, Pencil, Split } from "lucide-react";
import { useState } from "react";
import { Link, useSearchParams } from "react-router";

import { withParams } from "@/lib/address";
import { useCan } from "@/lib/session";
import { Avatar } from "@/ui/avatar";
import { Button } from "@/ui/button";
import { Copyable } from "@/ui/code";
import { cx } from "@/ui/cx";
import { Bdi } from "@/ui/name";
import { Section } from "@/ui/page";
import { PlatformMark } from "@/ui/platform-mark";
import { ErrorState, ProblemAlert } from "@/ui/problem";
import { Delayed, SkeletonText } from "@/ui/skeleton";
import { DateTime, RelativeTime } from "@/ui/time";
import { toast, toastProblem } from "@/ui/toast";

import { ContactDialog } from "./contact-dialog";
import { part } from "./contact-requests";
import type { Conversation } from "./filter";
import { MergeDialog } from "./merge-dialog";
import { useContact, type OpenedContact } from "./queries";
import { nameOf, placeOf, platformName } from "./words";

export function ContactPanel({ conversation }: { conversation: Conversation }) {
  const { data, error, refetch } = useContact(conversation.contact_id);
  if (data) {
    return (
      <div className="flex flex-col gap-6">
        {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
        <Person opened={data} fallback={nameOf(conversation)} />
        <Identities opened={data} />
        <History opened={data} current={conversation.id} />
        <Merges opened={data} />
      </div>
    );
  }
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
  return (
    <Delayed>
      <SkeletonText lines={8} />
    </Delayed>
  );
}

function Person({ opened: { contact }, fallback }: { opened: OpenedContact; fallback: string }) {
  const mayWrite = useCan("conversations:write");
  const [asked, ask] = useState<"change" | "merge">();
  const name = contact.name.trim() || fallback;
  const facts: [string, string | null | undefined][] = [
    ["Company", contact.company],
    ["E-mail", contact.email],
    ["Telephone", contact.phone],
  ];
  const known = facts.filter((fact): fact is [string, string] => Boolean(fact[1]));
  return (
    <div className="flex flex-col gap-3">
      <div className="flex items-center gap-3">
        <Avatar name={name} size={44} />
        <div className="min-w-0">
          <h3 className="text-lg font-semibold wrap-anywhere">
            <Bdi>{name}</Bdi>
          </h3>
          {contact.last_seen_at && (
            <p className="text-dense text-muted">
              Seen <RelativeTime at={contact.last_seen_at} />
            </p>
          )}
        </div>
      </div>
      {known.length > 0 && (
        <dl className="flex flex-col gap-1.5">
          {known.map(([term, text]) => (
            <div key={term}>
              <dt className="text-xs text-muted">{term}</dt>
              <dd className="min-w-0">
                {term === "Company" ? <Bdi>{text}</Bdi> : <Copyable text={text} label={term} className="-ms-1" />}
              </dd>
            </div>
          ))}
        </dl>
      )}
      {mayWrite && (
        <div className="flex flex-wrap gap-2">
          <Button size="sm" icon={Pencil} onClick={() => ask("change")}>
            Change…
          </Button>
          <Button size="sm" icon={Merge} onClick={() => ask("merge")}>
            Is also…
          </Button>
        </div>
      )}
      {asked === "change" && <ContactDialog contact={contact} onClose={() => ask(undefined)} />}
      {asked === "merge" && <MergeDialog contact={contact} name={name} onClose={() => ask(undefined)} />}
    </div>
  );
}

function Identities({ opened: { identities } }: { opened: OpenedContact }) {
  return (
    <Section title="Writes from">
      <ul className="flex flex-col gap-2">
        {identities.map(({ id, platform, name, handle, external_id: external }) => (
          <li key={id} className="flex items-center gap-2.5">
            <PlatformMark platform={platform} size={24} />
            <span className="min-w-0">
              <Bdi className="block truncate">{name || (handle && `@${handle}`) || platformName(platform)}</Bdi>
              <Bdi className="block truncate text-dense text-muted">
                {platformName(platform)} · {handle && name ? `@${handle}` : external}
              </Bdi>
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function History({ opened: { conversations }, current }: { opened: OpenedContact; current: string }) {
  const [search] = useSearchParams();
  const query = withParams(search, { panel: undefined }).toString();
  return (
    <Section title="Conversations">
      <ul className="-mx-2 flex flex-col">
        {conversations.map((conversation) => (
          <li key={conversation.id}>
            <Link
              to={{ pathname: `/inbox/${conversation.id}`, search: query }}
              aria-current={conversation.id === current ? "page" : undefined}
              className={cx(
                "flex min-h-11 flex-col justify-center rounded-control px-2 py-1 text-text no-underline hover:bg-hover",
                conversation.id === current && "bg-selected",
              )}
            >
              <span className="flex items-baseline gap-2">
                <span className="min-w-0 flex-1 truncate">{placeOf(conversation)}</span>
                <RelativeTime at={conversation.last_activity_at} className="text-xs text-muted" />
              </span>
              <span className="truncate text-dense text-muted">
                {STATUS[conversation.status]} · <bdi>{conversation.preview}</bdi>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  );
}

const STATUS = { open: "Open", snoozed: "Put off", closed: "Closed" } as const;

function Merges({ opened: { merges } }: { opened: OpenedContact }) {
  const mayWrite = useCan("conversations:write");
  const lasting = merges.filter(({ undone_at: undone }) => !undone);
  if (lasting.length === 0) return null;
  const undo = async (id: string) => {
    try {
      await part(id);
      toast({ title: "The contacts are two again", tone: "ok" });
    } catch (error) {
      toastProblem(error);
    }
  };
  return (
    <Section title="Made one">
      <ul className="flex flex-col gap-2">
        {lasting.map(({ id, merged_at: at, identities }) => (
          <li key={id} className="flex flex-wrap items-center gap-2 text-dense">
            <span className="min-w-0 flex-1">
              {identities.length === 1 ? "1 address" : `${identities.length} addresses`} of another contact,{" "}
              <DateTime at={at} />
            </span>
            {mayWrite && (
              <Button size="sm" icon={Split} onClick={() => void undo(id)}>
                Part again
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}
