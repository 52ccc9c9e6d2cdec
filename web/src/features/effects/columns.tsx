/** How one act looks in the list. */
import { effectOf } from "@/lib/work-words";
import { Bdi } from "@/ui/name";
import type { Column } from "@/ui/table";
import { RelativeTime } from "@/ui/time";

import type { Act } from "./filter";
import { StateMark } from "./marks";

export const COLUMNS: Column<Act>[] = [
  { id: "what", header: "What", width: 180, cell: ({ kind }) => <Cut text={effectOf(kind)} title={kind} /> },
  { id: "remote", header: "System", cell: ({ remote }) => <Cut text={remote} /> },
  { id: "state", header: "State", width: 150, cell: ({ state }) => <StateMark state={state} /> },
  { id: "failure", header: "Why", optional: true, cell: ({ failure }) => <Cut text={failure ?? ""} /> },
  { id: "attempts", header: "Attempts", width: 86, align: "end", optional: true, cell: ({ attempts }) => attempts },
  {
    id: "when",
    header: "Planned",
    width: 122,
    cell: ({ planned_at: at }) => <RelativeTime at={at} className="text-muted" />,
  },
  { id: "about", header: "For", width: 150, hiddenByDefault: true, cell: ({ about_id: id }) => <Cut text={id} /> },
];

export const cardOf = ({ kind, remote, state, failure, planned_at: at }: Act) => (
  <span className="flex min-w-0 flex-col gap-1">
    <span className="flex items-baseline justify-between gap-2">
      <span className="font-medium">
        <Bdi>{effectOf(kind)}</Bdi>
      </span>
      <RelativeTime at={at} className="text-dense text-muted" />
    </span>
    <span className="wrap-anywhere">
      <Bdi>{remote}</Bdi>
    </span>
    <span>
      <StateMark state={state} />
    </span>
    {failure && (
      <span className="line-clamp-2 text-dense wrap-anywhere text-muted">
        <Bdi>{failure}</Bdi>
      </span>
    )}
  </span>
);

function Cut({ text, title = text }: { text: string; title?: string }) {
  return (
    <Bdi className="block truncate" title={title}>
      {text}
    </Bdi>
  );
}
