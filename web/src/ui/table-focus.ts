/** Moving through rows with the keyboard: one row can be reached with Tab, the keys lead on from there. */
import { useLayoutEffect, useRef, type KeyboardEvent, type MouseEvent } from "react";
import { useShortcuts } from "@/lib/shortcuts";

interface FocusOptions {
  label: string;
  body: HTMLElement | null;
  count: number;
  opens: boolean;
  active: number;
  setActive: (index: number) => void;
  /** Brings a row into sight. */
  follow: (index: number) => void;
}

/** The keys and the mouse are listened for where the rows stand, once for all of them. */
interface Listeners {
  onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
  onFocus: (event: { target: EventTarget }) => void;
  onClick: (event: MouseEvent<HTMLElement>) => void;
}

const PAGE = 10;

export function useRowFocus({ label, body, count, opens, active, setActive, follow }: FocusOptions): Listeners {
  // Set while the focus has to go to a row that may not be drawn yet.
  const pending = useRef(false);

  const goTo = (index: number) => {
    if (count === 0) return;
    const next = Math.min(count - 1, Math.max(0, index));
    pending.current = true;
    setActive(next);
    follow(next);
    if (next === active) focusRow(body, next, pending);
  };
  const step = (by: number) => goTo(isInside(body) ? active + by : active);

  useLayoutEffect(() => {
    if (pending.current) focusRow(body, active, pending);
  }, [body, active]);

  useShortcuts(
    label,
    opens
      ? [
          { keys: "j", does: "Next row", run: () => step(1) },
          { keys: "k", does: "Previous row", run: () => step(-1) },
        ]
      : [],
  );

  return {
    onFocus: ({ target }) => {
      const index = indexOf(target);
      if (index !== undefined) setActive(index);
    },
    onKeyDown: (event) => {
      // A row's menu is a child in React's tree and not in the document.
      if (!(event.target instanceof Element) || !event.currentTarget.contains(event.target)) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const steps: Record<string, number> = {
        ArrowDown: active + 1,
        ArrowUp: active - 1,
        PageDown: active + PAGE,
        PageUp: active - PAGE,
        Home: 0,
        End: count - 1,
      };
      const to = steps[event.key];
      if (to === undefined || !event.target.closest("[data-opener]")) return;
      event.preventDefault();
      goTo(to);
    },
    onClick: openFromAnywhere,
  };
}

function focusRow(body: HTMLElement | null, index: number, pending: { current: boolean }): void {
  const opener = body?.querySelector<HTMLElement>(`[data-index="${index}"] [data-opener]`);
  if (!opener) return;
  pending.current = false;
  opener.focus({ preventScroll: true });
}

function isInside(body: HTMLElement | null): boolean {
  return body?.contains(document.activeElement) ?? false;
}

function indexOf(target: EventTarget): number | undefined {
  const row = target instanceof Element ? target.closest("[data-index]") : null;
  const index = Number(row?.getAttribute("data-index"));
  return row && Number.isInteger(index) ? index : undefined;
}

/** For the mouse the whole row is the link; the keys that open a new tab work too. */
function openFromAnywhere(event: MouseEvent<HTMLElement>): void {
  const { target, currentTarget } = event;
  if (!(target instanceof Element) || !currentTarget.contains(target)) return;
  if (target.closest("a, button, input, label, select, textarea") || getSelection()?.isCollapsed === false) return;
  const opener = target.closest("[data-index]")?.querySelector("[data-opener]");
  const { ctrlKey, metaKey, shiftKey } = event;
  opener?.dispatchEvent(
    new globalThis.MouseEvent("click", { bubbles: true, cancelable: true, ctrlKey, metaKey, shiftKey }),
  );
}
