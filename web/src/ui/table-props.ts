/** What a table is given, for all its layouts. */
import type { ReactNode } from "react";
import type { MenuItem } from "./menu";
import type { Column } from "./table-columns";

export interface DataTableProps<R> {
  label: string;
  rows: readonly R[];
  columns: readonly Column<R>[];
  rowKey: (row: R) => string;
  rowHref?: ((row: R) => string) | undefined;
  onRowOpen?: ((row: R) => void) | undefined;
  /** The key of the row whose details are shown beside the table. */
  selected?: string | null | undefined;
  loading?: boolean | undefined;
  fetchNextPage?: (() => unknown) | undefined;
  hasNextPage?: boolean | undefined;
  isFetchingNextPage?: boolean | undefined;
  /** Keeps the choice of columns on this device. */
  storageKey?: string | undefined;
  rowMenu?: ((row: R) => MenuItem[]) | undefined;
  /** The layout of a row on a phone; without it the columns are shown as terms and details. */
  cards?: ((row: R) => ReactNode) | undefined;
  /** How many rows there are altogether, where the server says so. */
  total?: number | undefined;
  className?: string | undefined;
}
