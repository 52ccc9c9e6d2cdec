/** The rows of a table as cards, for a phone. */
import { Ellipsis } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Link } from "react-router";
import { IconButton } from "./button";
import { cx } from "./cx";
import { Menu } from "./menu";
import { InRow } from "./row-context";
import { useColumnChoice, type Column } from "./table-columns";
import { TableEnd } from "./table-more";
import type { DataTableProps } from "./table-props";
import { useTableRows } from "./table-rows";

/** A guess; each card is measured when it is drawn. */
const HEIGHT = 88;

export function CardList<R>(props: DataTableProps<R>) {
  const { label, rows, columns, storageKey, className } = props;
  const [body, setBody] = useState<HTMLUListElement | null>(null);
  const { shown } = useColumnChoice(columns, storageKey);
  const { virtual, margin, items, stuck, count } = useTableRows(props, { body, height: HEIGHT, gap: 8 });
  const content = props.cards ?? ((row: R) => <Terms row={row} columns={shown} />);

  return (
    <InRow value>
      <div className={cx("min-w-0", className)}>
        <ul ref={setBody} aria-label={label} className="relative" style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, key, start }) => {
            const row = rows[index];
            if (row === undefined) return null;
            return (
              <li
                key={key}
                ref={virtual.measureElement}
                data-index={index}
                aria-setsize={count}
                aria-posinset={index + 1}
                className="absolute inset-x-0 top-0"
                style={{ transform: `translateY(${start - margin}px)` }}
              >
                <Card {...props} row={row} selected={props.selected === key}>
                  {content(row)}
                </Card>
              </li>
            );
          })}
        </ul>
        <TableEnd table={props} height={HEIGHT} stuck={stuck} />
      </div>
    </InRow>
  );
}

interface CardProps<R> extends Pick<DataTableProps<R>, "rowHref" | "onRowOpen" | "rowMenu"> {
  row: R;
  selected: boolean;
  children: ReactNode;
}

function Card<R>({ row, selected, rowHref, onRowOpen, rowMenu, children }: CardProps<R>) {
  const look = cx(
    "block w-full min-w-0 rounded-card border border-border bg-surface p-3 text-start text-text no-underline",
    selected && "bg-selected",
    rowMenu && "pe-12",
  );
  return (
    <div className="relative">
      {rowHref ? (
        <Link to={rowHref(row)} aria-current={selected || undefined} className={look}>
          {children}
        </Link>
      ) : onRowOpen ? (
        <button type="button" aria-current={selected || undefined} onClick={() => onRowOpen(row)} className={look}>
          {children}
        </button>
      ) : (
        <div className={look}>{children}</div>
      )}
      {rowMenu && (
        <span className="absolute end-1 top-1">
          <Menu align="end" trigger={<IconButton label="More" icon={Ellipsis} />} items={rowMenu(row)} />
        </span>
      )}
    </div>
  );
}

/** Spans and no list: it stands inside a link or a button. */
function Terms<R>({ row, columns: [title, ...others] }: { row: R; columns: readonly Column<R>[] }) {
  return (
    <span className="flex flex-col gap-1">
      <span className="font-medium">{title?.cell(row)}</span>
      {others.map((column) => (
        <span key={column.id} className="flex min-w-0 items-baseline gap-3 text-dense">
          <span className="w-24 shrink-0 text-muted">{column.header}</span>
          <span className="min-w-0 flex-1">{column.cell(row)}</span>
        </span>
      ))}
    </span>
  );
}
