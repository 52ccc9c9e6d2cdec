/** An entry of the "More" sheet. */
import { Link } from "react-router";

import type { MenuItem } from "@/ui/menu";

type Entry = Exclude<MenuItem, "separator" | { heading: string }>;

const ROW = "flex min-h-11 w-full items-center gap-3 rounded-control px-2 text-start hover:bg-hover";

export function SheetItem({ item: { to, label, icon: Icon, onSelect }, onDone }: { item: Entry; onDone: () => void }) {
  const content = (
    <>
      {Icon ? <Icon aria-hidden className="size-4 shrink-0 text-muted" /> : <span className="size-4" />}
      <bdi className="min-w-0 flex-1 truncate">{label}</bdi>
    </>
  );
  if (to) {
    return (
      <Link to={to} className={ROW} onClick={onDone}>
        {content}
      </Link>
    );
  }
  const run = () => {
    onDone();
    onSelect?.();
  };
  return (
    <button type="button" className={ROW} onClick={run}>
      {content}
    </button>
  );
}
