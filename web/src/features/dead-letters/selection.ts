/** Which letters somebody has picked; kept apart from the rows, so that picking one does not draw all of them again. */
import { create } from "zustand";

export const usePicked = create<{ ids: ReadonlySet<string> }>(() => ({ ids: new Set() }));

export function togglePicked(id: string): void {
  usePicked.setState(({ ids }) => {
    const next = new Set(ids);
    if (!next.delete(id)) next.add(id);
    return { ids: next };
  });
}

export function pick(ids: Iterable<string>): void {
  usePicked.setState({ ids: new Set(ids) });
}
