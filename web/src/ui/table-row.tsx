/** One row of a table. It is drawn again only when it itself has changed, not when the table scrolls. */
import { Ellipsis } from "lucide-react";
import { memo, type ReactNode } from "react";
import { Link } from "react-router";
import { IconButton } from "./button";
import { cx } from "./cx";
import { Menu, type MenuItem } from "./menu";
import type { Column } from "./table-columns";

interface RowProps<R> {
  row: R;
  index: number;
  start: number;
  height: number;
  template: string;
  columns: readonly Column<R>[];
  /** Of all rows one can be reached with Tab; the arrow keys lead from there to the others. */
  reachable: boolean;
  selected: boolean;
  spacer: boolean;
  rowHref: ((row: R) => string) | undefined;
  onRowOpen: ((row: R) => void) | undefined;
  rowMenu: ((row: R) => MenuItem[]) | undefined;
}

function PlainRow<R>({
  row,
  index,
  start,
  height,
  template,
  columns,
  reachable,
  selected,
  spacer,
  ...does
}: RowProps<R>) {
  const { rowHref, onRowOpen, rowMenu } = does;
  const opens = rowHref !== undefined || onRowOpen !== undefined;
  const tabIndex = reachable ? 0 : -1;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-current={selected || undefined}
      data-index={index}
      className={cx(
        "absolute inset-x-0 top-0 grid items-center border-b border-border has-[[data-opener]:focus-visible]:outline-2 has-[[data-opener]:focus-visible]:-outline-offset-2 has-[[data-opener]:focus-visible]:outline-focus",
        opens && "cursor-pointer hover:bg-hover",
        selected && "bg-selected hover:bg-selected",
      )}
      style={{ height, gridTemplateColumns: template, transform: `translateY(${start}px)` }}
    >
      {columns.map((column, at) => (
        <div
          key={column.id}
          role="cell"
          className={cx("min-w-0 overflow-hidden px-3 text-dense", column.align === "end" && "text-end tabular-nums")}
        >
          {at === 0 && opens ? (
            <Opener href={rowHref?.(row)} open={() => onRowOpen?.(row)} tabIndex={tabIndex}>
              {column.cell(row)}
            </Opener>
          ) : (
            column.cell(row)
          )}
        </div>
      ))}
      {spacer && (
        <div role="cell" className="grid place-items-center">
          {rowMenu && (
            <Menu
              align="end"
              trigger={<IconButton label="More" icon={Ellipsis} size="sm" tabIndex={tabIndex} />}
              items={rowMenu(row)}
            />
          )}
        </div>
      )}
    </div>
  );
}

/** `memo` forgets that the component is generic. */
export const Row = memo(PlainRow) as typeof PlainRow;

interface OpenerProps {
  href: string | undefined;
  open: () => void;
  tabIndex: number;
  children: ReactNode;
}

/** What the row is called, and what opens it. The ring of the focus is drawn around the whole row. */
function Opener({ href, open, tabIndex, children }: OpenerProps) {
  const look = "block w-full min-w-0 text-start font-medium text-text no-underline outline-none";
  return href === undefined ? (
    <button type="button" data-opener tabIndex={tabIndex} onClick={open} className={look}>
      {children}
    </button>
  ) : (
    <Link to={href} data-opener tabIndex={tabIndex} className={look}>
      {children}
    </Link>
  );
}
