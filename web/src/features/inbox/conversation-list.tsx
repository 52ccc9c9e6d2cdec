/** The rows: only those near the window are in the document, however many there are. */
import { useState } from "react";
import { useSearchParams } from "react-router";

import { InRow } from "@/ui/row-context";
import { useRowFocus } from "@/ui/table-focus";
import { TableEnd } from "@/ui/table-more";
import type { DataTableProps } from "@/ui/table-props";
import { useTableRows } from "@/ui/table-rows";

import { ConversationRow, HEIGHT } from "./conversation-row";
import type { Conversation } from "./filter";
import { useNames, type useConversations } from "./queries";

interface Props {
  list: ReturnType<typeof useConversations>;
  opened: string | undefined;
}

const NO_COLUMNS: DataTableProps<Conversation>["columns"] = [];

export function ConversationList({ list, opened }: Props) {
  const { rows } = list;
  const [search] = useSearchParams();
  const [body, setBody] = useState<HTMLUListElement | null>(null);
  const [chosen, setActive] = useState<number>();
  const nameOfUser = useNames();
  const place = rows.findIndex(({ id }) => id === opened);
  const active = Math.min(chosen ?? Math.max(place, 0), Math.max(rows.length - 1, 0));
  const table: DataTableProps<Conversation> = {
    label: "conversations",
    rows,
    columns: NO_COLUMNS,
    rowKey: ({ id }) => id,
    loading: list.isPending,
    fetchNextPage: list.fetchNextPage,
    hasNextPage: list.hasNextPage,
    isFetchingNextPage: list.isFetchingNextPage,
  };
  const { virtual, margin, items, stuck, count } = useTableRows(table, { body, height: HEIGHT, active });
  const listeners = useRowFocus({
    label: "Inbox",
    body,
    count: rows.length,
    opens: true,
    active,
    setActive,
    follow: (index) => virtual.scrollToIndex(index),
  });
  const query = search.size > 0 ? `?${withoutPanel(search)}` : "";
  return (
    <InRow value>
      {/* Each row is a link that is found with Tab; the listeners only add the arrow keys. */}
      <div role="presentation" className="contents" onKeyDown={listeners.onKeyDown} onFocus={listeners.onFocus}>
        <ul
          ref={setBody}
          aria-label="Conversations"
          aria-busy={list.isPlaceholderData || undefined}
          className="relative shrink-0"
          style={{ height: virtual.getTotalSize() }}
        >
          {items.map(({ index, key, start }) => {
            const row = rows[index];
            return (
              row && (
                <li
                  key={key}
                  data-index={index}
                  aria-setsize={count}
                  aria-posinset={index + 1}
                  className="absolute inset-x-0 top-0"
                  style={{ height: HEIGHT, transform: `translateY(${start - margin}px)` }}
                >
                  <ConversationRow
                    conversation={row}
                    to={`/inbox/${row.id}${query}`}
                    isOpened={row.id === opened}
                    isReachable={index === active}
                    assignee={row.assignee_id ? nameOfUser(row.assignee_id) : undefined}
                  />
                </li>
              )
            );
          })}
        </ul>
      </div>
      <TableEnd table={table} height={HEIGHT} stuck={stuck} />
    </InRow>
  );
}

/** What was opened beside one conversation is not opened beside the next. */
function withoutPanel(search: URLSearchParams): string {
  const next = new URLSearchParams(search);
  next.delete("new");
  return next.toString();
}
