/** The table as such, from the breakpoint `md` up. */
import { Columns3 } from "lucide-react";
import { useState } from "react";
import { useAppearance } from "@/lib/appearance";
import { IconButton } from "./button";
import { cx } from "./cx";
import { Menu } from "./menu";
import { InRow } from "./row-context";
import type { DataTableProps } from "./table-props";
import { gridOf, useColumnChoice, type ColumnChoice } from "./table-columns";
import { useRowFocus } from "./table-focus";
import { TableEnd } from "./table-more";
import { Row } from "./table-row";
import { useTableRows } from "./table-rows";

const HEADER = 36;
const HEIGHT = { comfortable: 48, compact: 40 };

export function TableGrid<R>(props: DataTableProps<R>) {
  const { label, rows, columns, rowHref, onRowOpen, rowMenu, selected, storageKey, className, loading } = props;
  const height = HEIGHT[useAppearance((state) => state.density)];
  const [body, setBody] = useState<HTMLDivElement | null>(null);
  const [wanted, setActive] = useState(0);
  const active = Math.min(wanted, Math.max(0, rows.length - 1));
  const choice = useColumnChoice(columns, storageKey);
  const spacer = rowMenu !== undefined || choice.optional.length > 0;
  const { template, least } = gridOf(choice.shown, spacer);
  const opens = rowHref !== undefined || onRowOpen !== undefined;
  const look = { body, height, active, headerHeight: HEADER };
  const { virtual, margin, items, stuck, count } = useTableRows(props, look);
  const follow = (index: number) => virtual.scrollToIndex(index, { align: "auto" });
  const listeners = useRowFocus({ label, body, count: rows.length, opens, active, setActive, follow });

  return (
    <div className={cx("min-w-0", className)} style={{ minWidth: least }}>
      <div
        role="table"
        aria-label={label}
        aria-rowcount={count === -1 ? -1 : count + 1}
        aria-busy={loading || undefined}
      >
        <div role="rowgroup" className="sticky top-0 z-10 border-b border-border bg-surface">
          <Header choice={choice} template={template} spacer={spacer} />
        </div>
        <InRow value>
          <div
            ref={setBody}
            role="rowgroup"
            className="relative"
            style={{ height: virtual.getTotalSize() }}
            {...listeners}
          >
            {items.map(({ index, key, start }) => {
              const row = rows[index];
              if (row === undefined) return null;
              return (
                <Row
                  key={key}
                  row={row}
                  index={index}
                  start={start - margin}
                  height={height}
                  template={template}
                  columns={choice.shown}
                  reachable={index === active}
                  selected={selected !== undefined && selected === key}
                  spacer={spacer}
                  rowHref={rowHref}
                  onRowOpen={onRowOpen}
                  rowMenu={rowMenu}
                />
              );
            })}
          </div>
        </InRow>
      </div>
      <TableEnd table={props} height={height} stuck={stuck} />
    </div>
  );
}

interface HeaderProps<R> {
  choice: ColumnChoice<R>;
  template: string;
  spacer: boolean;
}

function Header<R>({ choice, template, spacer }: HeaderProps<R>) {
  return (
    <div
      role="row"
      aria-rowindex={1}
      className="grid items-center"
      style={{ height: HEADER, gridTemplateColumns: template }}
    >
      {choice.shown.map((column) => (
        <div
          key={column.id}
          role="columnheader"
          className={cx("truncate px-3 text-dense font-medium text-muted", column.align === "end" && "text-end")}
        >
          {column.header}
        </div>
      ))}
      {spacer && (
        <div role="columnheader" className="grid place-items-center">
          {choice.optional.length === 0 ? (
            <span className="sr-only">Actions</span>
          ) : (
            <Menu
              align="end"
              trigger={<IconButton label="Columns" icon={Columns3} size="sm" className="pointer-coarse:min-h-8" />}
              items={[
                { heading: "Columns" },
                ...choice.optional.map(({ id, header, shown }) => ({
                  label: header,
                  checked: shown,
                  onSelect: () => choice.toggle(id),
                })),
              ]}
            />
          )}
        </div>
      )}
    </div>
  );
}
