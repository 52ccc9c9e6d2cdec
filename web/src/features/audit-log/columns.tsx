/** How one entry looks in the list. */
import type { ReactNode } from "react";

import { actorOf, entityOf, tellOf } from "@/lib/audit-words";
import { formatNumber } from "@/lib/format";
import { Avatar } from "@/ui/avatar";
import { Bdi } from "@/ui/name";
import type { Column } from "@/ui/table";
import { RelativeTime } from "@/ui/time";

import type { LogEntry } from "./filter";

/** The address is in the entry, too; where there is little room it has to be chosen. */
export const columnsFor = (isRoomy: boolean): Column<LogEntry>[] => [
  { id: "what", header: "What", width: 240, cell: (entry) => <What entry={entry} /> },
  { id: "who", header: "Who", width: 160, cell: (entry) => <Who entry={entry} /> },
  { id: "about", header: "On what", width: 150, optional: true, cell: (entry) => <About entry={entry} /> },
  { id: "when", header: "When", width: 125, cell: ({ at }) => <RelativeTime at={at} className="text-muted" /> },
  {
    id: "address",
    header: "Address",
    width: 140,
    optional: true,
    hiddenByDefault: !isRoomy,
    cell: ({ ip }) => <span className="block truncate font-mono text-dense text-muted">{ip ?? "–"}</span>,
  },
  {
    id: "seq",
    header: "Entry",
    width: 90,
    align: "end",
    hiddenByDefault: true,
    cell: ({ seq }) => <span className="tabular-nums">{formatNumber(seq)}</span>,
  },
  {
    id: "action",
    header: "Action",
    width: 190,
    hiddenByDefault: true,
    cell: ({ action }) => <span className="block truncate font-mono text-dense">{action}</span>,
  },
];

export const cardOf = (entry: LogEntry) => <EntryCard entry={entry} />;

function EntryCard({ entry }: { entry: LogEntry }) {
  const [actor, entity] = [actorOf(entry), entityOf(entry)];
  return (
    <div className="flex min-w-0 items-start gap-3">
      <Avatar name={actor.name} size={28} />
      <div className="min-w-0 flex-1">
        <p className="flex items-baseline justify-between gap-2 text-dense text-muted">
          <Cut>{actor.name}</Cut>
          <RelativeTime at={entry.at} />
        </p>
        <p className="line-clamp-3 wrap-anywhere">
          <bdi>{tellOf(entry)}</bdi>
        </p>
        {entity.name !== actor.name && (
          <p className="text-dense text-muted">
            <Cut>{entity.name}</Cut>
          </p>
        )}
      </div>
    </div>
  );
}

function What({ entry }: { entry: LogEntry }) {
  return <Cut>{tellOf(entry)}</Cut>;
}

function Who({ entry }: { entry: LogEntry }) {
  const { name, kind } = actorOf(entry);
  return (
    <span className="flex min-w-0 items-center gap-2">
      <Avatar name={name} size={22} />
      <Cut title={`${name} (${kind})`}>{name}</Cut>
    </span>
  );
}

function About({ entry }: { entry: LogEntry }) {
  const { name, kind } = entityOf(entry);
  return <Cut title={`${name} (${kind})`}>{name}</Cut>;
}

function Cut({ children, title }: { children: ReactNode; title?: string }) {
  return (
    <Bdi className="block min-w-0 truncate" title={title ?? (typeof children === "string" ? children : undefined)}>
      {children}
    </Bdi>
  );
}
