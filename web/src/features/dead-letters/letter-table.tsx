/** The list of dead letters. */
import { RotateCcw, SquareCheck, Trash2 } from "lucide-react";
import { useSearchParams } from "react-router";

import { useShortcuts } from "@/lib/shortcuts";
import { jobOf, queueOf, reasonOf } from "@/lib/work-words";
import type { MenuItem } from "@/ui/menu";
import { Bdi } from "@/ui/name";
import { DataTable, type Column } from "@/ui/table";
import { RelativeTime } from "@/ui/time";

import type { Letter } from "./filter";
import { StateMark } from "./marks";
import type { Order } from "./orders";
import type { useLetters } from "./queries";
import { togglePicked, usePicked } from "./selection";

const COLUMNS: Column<Letter>[] = [
  { id: "what", header: "What", width: 190, cell: ({ kind }) => <Cut text={jobOf(kind)} title={kind} /> },
  { id: "error", header: "Last error", cell: ({ error }) => <Cut text={error || "Nothing was said"} /> },
  { id: "reason", header: "Reason", width: 150, optional: true, cell: ({ reason }) => <Cut text={reasonOf(reason)} /> },
  { id: "attempts", header: "Attempts", width: 86, align: "end", optional: true, cell: ({ attempts }) => attempts },
  {
    id: "when",
    header: "Given up",
    width: 122,
    cell: ({ died_at: at }) => <RelativeTime at={at} className="text-muted" />,
  },
  { id: "state", header: "State", width: 112, cell: ({ state }) => <StateMark state={state} /> },
  { id: "key", header: "Key", width: 150, hiddenByDefault: true, cell: ({ key }) => <Cut text={key} mono /> },
  {
    id: "queue",
    header: "Queue",
    width: 130,
    hiddenByDefault: true,
    cell: ({ queue }) => <Cut text={queueOf(queue)} />,
  },
];
const PICK: Column<Letter> = { id: "pick", header: "Pick", width: 56, cell: (letter) => <Pick letter={letter} /> };

interface Props {
  letters: ReturnType<typeof useLetters>;
  mayManage: boolean;
  onOrder: (order: Order) => void;
}

export function LetterTable({ letters, mayManage, onOrder }: Props) {
  const [search] = useSearchParams();
  const { rows } = letters;
  const addressOf = ({ id }: Letter) => {
    const next = new URLSearchParams(search);
    next.set("letter", id);
    return `?${next.toString()}`;
  };
  useShortcuts(
    "Dead letters",
    mayManage ? [{ keys: "x", does: "Pick the row, or leave it out", run: () => pickFocused(rows) }] : [],
  );
  const menu = ({ id, kind, state }: Letter): MenuItem[] => {
    const select = { ids: [id] };
    const order = { select, count: 1, what: jobOf(kind) };
    return state === "open"
      ? [
          { label: "Pick or leave out", icon: SquareCheck, hint: "X", onSelect: () => togglePicked(id) },
          { label: "Replay…", icon: RotateCcw, onSelect: () => onOrder({ ...order, does: "replay" }) },
          { label: "Discard…", icon: Trash2, danger: true, onSelect: () => onOrder({ ...order, does: "discard" }) },
        ]
      : [{ label: "Settled already", disabled: true }];
  };
  return (
    <DataTable
      label="Dead letters"
      storageKey="dead-letters"
      rows={rows}
      columns={mayManage ? WITH_PICK : COLUMNS}
      rowKey={({ id }) => id}
      rowHref={addressOf}
      selected={search.get("letter")}
      loading={letters.isPending || letters.isPlaceholderData}
      fetchNextPage={letters.fetchNextPage}
      hasNextPage={letters.hasNextPage}
      isFetchingNextPage={letters.isFetchingNextPage}
      rowMenu={mayManage ? menu : undefined}
      cards={cardOf}
    />
  );
}

const WITH_PICK = [...COLUMNS.slice(0, 1), PICK, ...COLUMNS.slice(1)];

function pickFocused(rows: readonly Letter[]): void {
  const index = document.activeElement?.closest("[data-index]")?.getAttribute("data-index");
  const row = index === null || index === undefined ? undefined : rows[Number(index)];
  if (row?.state === "open") togglePicked(row.id);
}

/** Not a stop for Tab in each row: X picks the row that has the focus. */
function Pick({ letter: { id, kind, key, state } }: { letter: Letter }) {
  const isPicked = usePicked(({ ids }) => ids.has(id));
  if (state !== "open") return null;
  return (
    <label className="grid size-8 cursor-pointer place-items-center">
      <span className="sr-only">{`Pick ${jobOf(kind)} ${key}`}</span>
      <input
        type="checkbox"
        tabIndex={-1}
        checked={isPicked}
        onChange={() => togglePicked(id)}
        className="size-4 accent-accent"
      />
    </label>
  );
}

const cardOf = (letter: Letter) => <Card letter={letter} />;

function Card({ letter: { id, kind, error, reason, attempts, died_at: at, state } }: { letter: Letter }) {
  const isPicked = usePicked(({ ids }) => ids.has(id));
  return (
    <span className="flex min-w-0 flex-col gap-1">
      <span className="flex flex-wrap items-baseline gap-x-2 font-medium">
        <Bdi>{jobOf(kind)}</Bdi>
        {isPicked && <span className="text-dense text-accent-text">Picked</span>}
      </span>
      <span className="line-clamp-2 wrap-anywhere">
        <Bdi>{error || "Nothing was said"}</Bdi>
      </span>
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1 text-dense text-muted">
        <StateMark state={state} />
        {`${reasonOf(reason)}, ${attempts} ${attempts === 1 ? "attempt" : "attempts"},`} <RelativeTime at={at} />
      </span>
    </span>
  );
}

function Cut({ text, title = text, mono = false }: { text: string; title?: string; mono?: boolean }) {
  return (
    <Bdi className={mono ? "block truncate font-mono" : "block truncate"} title={title}>
      {text}
    </Bdi>
  );
}
