/** Above a long list that has changed on the server: it is read again when its reader says so, so that nothing jumps. */
import { RefreshCw } from "lucide-react";
import { Button } from "./button";

interface ListNewsProps {
  list: { hasNews: boolean; isRefetching: boolean; refetch: () => unknown };
}

export function ListNews({ list }: ListNewsProps) {
  return (
    <div role="status" className="flex items-center gap-2 text-muted empty:hidden">
      {list.hasNews && (
        <>
          This list has changed.
          <Button size="sm" icon={RefreshCw} loading={list.isRefetching} onClick={() => void list.refetch()}>
            Show the changes
          </Button>
        </>
      )}
    </div>
  );
}
