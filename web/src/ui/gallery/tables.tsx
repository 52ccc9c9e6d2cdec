/** The table with virtual rows. */
import { CircleCheck, CircleSlash } from "lucide-react";
import { useMemo, useState } from "react";
import { useSearchParams } from "react-router";
import { serverNow } from "@/lib/clock";
import { formatNumber } from "@/lib/format";
import { Avatar } from "../avatar";
import { Badge } from "../badge";
import { PersonName } from "../name";
import { Section } from "../page";
import { DataTable, type Column } from "../table";
import { RelativeTime } from "../time";
import { toast } from "../toast";
import { people, type Person } from "./samples";

const COLUMNS: Column<Person>[] = [
  {
    id: "name",
    header: "Name",
    cell: (person) => (
      <span className="flex min-w-0 items-center gap-2">
        <Avatar name={person.name} />
        <PersonName name={person.name} email={person.email} />
      </span>
    ),
  },
  { id: "role", header: "Role", width: 120, cell: (person) => person.role },
  {
    id: "state",
    header: "State",
    width: 140,
    optional: true,
    cell: (person) =>
      person.active ? (
        <Badge tone="ok" icon={CircleCheck}>
          Active
        </Badge>
      ) : (
        <Badge icon={CircleSlash}>Deactivated</Badge>
      ),
  },
  {
    id: "seen",
    header: "Last seen",
    width: 150,
    optional: true,
    cell: (person) => <RelativeTime at={person.seenAt} />,
  },
  {
    id: "logins",
    header: "Log-ins",
    width: 110,
    align: "end",
    optional: true,
    cell: (person) => formatNumber(person.logins),
  },
  { id: "id", header: "Id", width: 140, hiddenByDefault: true, cell: (person) => <code>{person.id}</code> },
];

const PAGE = 50;

/** `&table=paged|loading|empty|stuck`; else the long one. */
export function Tables() {
  const [params] = useSearchParams();
  const kind = params.get("table") ?? "long";
  const all = useMemo(() => people(10_000, serverNow()), []);
  const [loaded, setLoaded] = useState(PAGE);
  const [selected, setSelected] = useState<string | null>(null);
  const paged = kind === "paged" || kind === "stuck";
  const rows = kind === "loading" || kind === "empty" ? [] : paged ? all.slice(0, loaded) : all;
  return (
    <Section title="People" description="Ten thousand rows, of which only those in sight are in the document.">
      <DataTable
        label="People"
        rows={rows}
        columns={COLUMNS}
        rowKey={keyOf}
        onRowOpen={(person) => setSelected(person.id)}
        selected={selected}
        loading={kind === "loading"}
        storageKey="gallery"
        rowMenu={menuOf}
        hasNextPage={paged && loaded < all.length}
        fetchNextPage={() => kind === "paged" && setLoaded(loaded + PAGE)}
        total={rows.length === 0 ? undefined : all.length}
      />
    </Section>
  );
}

const keyOf = (person: Person) => person.id;
const menuOf = (person: Person) => [
  { label: "Edit", onSelect: () => toast({ title: `Edit ${person.name}` }) },
  { label: "Deactivate", danger: true },
];
