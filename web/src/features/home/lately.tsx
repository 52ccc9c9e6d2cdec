/** The last few entries of the audit log. */
import { Link } from "react-router";

import { actorOf, entityOf, tellOf, type LogEntry } from "@/lib/audit-words";
import { Avatar } from "@/ui/avatar";
import { Bdi } from "@/ui/name";
import { Section } from "@/ui/page";
import { ProblemAlert } from "@/ui/problem";
import { Delayed, Skeleton } from "@/ui/skeleton";
import { TextLink } from "@/ui/text-link";
import { RelativeTime } from "@/ui/time";

import { useLately } from "./queries";

export function Lately() {
  const { data, error, refetch } = useLately(true);
  return (
    <Section title="What happened lately" actions={<TextLink to="/settings/audit-log">Whole audit log</TextLink>}>
      {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Loading />}
      {data?.items.length === 0 && (
        <p className="text-muted">Nothing yet. What people and programs do here is written down.</p>
      )}
      {data && data.items.length > 0 && (
        <ul aria-label="Latest entries" className="divide-y divide-border rounded-card border border-border">
          {data.items.map((entry) => (
            <Entry key={entry.seq} entry={entry} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function Entry({ entry }: { entry: LogEntry }) {
  const [actor, entity] = [actorOf(entry), entityOf(entry)];
  return (
    <li className="relative flex items-center gap-3 px-4 py-2.5 hover:bg-hover">
      <Avatar name={actor.name} size={28} />
      <div className="min-w-0 flex-1">
        {/* The link is as large as the row. */}
        <Link
          to={`/settings/audit-log?entry=${entry.seq}`}
          className="block truncate font-medium -outline-offset-2 after:absolute after:inset-0"
        >
          <bdi>{tellOf(entry)}</bdi>
        </Link>
        <p className="truncate text-dense text-muted">
          <Bdi>{actor.name}</Bdi>
          {entity.name !== actor.name && (
            <>
              {" · "}
              <Bdi>{entity.name}</Bdi>
            </>
          )}
        </p>
      </div>
      <RelativeTime at={entry.at} className="relative z-1 shrink-0 text-dense text-muted" />
    </li>
  );
}

function Loading() {
  return (
    <Delayed>
      <div aria-hidden className="divide-y divide-border rounded-card border border-border">
        {[1, 2, 3, 4, 5].map((row) => (
          <div key={row} className="flex items-center gap-3 px-4 py-2.5">
            <Skeleton className="size-7 rounded-full" />
            <div className="flex flex-1 flex-col gap-1.5">
              <Skeleton className="w-2/5" />
              <Skeleton className="h-3 w-1/4" />
            </div>
          </div>
        ))}
      </div>
    </Delayed>
  );
}
