/**
 * Long lists: a table with virtual rows, on a phone a list of cards. The rows scroll with the page's region around
 * them, so that whatever stands above scrolls away and the header stays. The first column is what a row is called; its
 * content becomes the link or button that opens the row, so it must hold no control of its own.
 */
import { CardList } from "./table-cards";
import { TableGrid } from "./table-grid";
import type { DataTableProps } from "./table-props";
import { useIsPhone } from "./use-media";

export type { Column } from "./table-columns";
export type { DataTableProps } from "./table-props";

export function DataTable<R>(props: DataTableProps<R>) {
  return useIsPhone() ? <CardList {...props} /> : <TableGrid {...props} />;
}
