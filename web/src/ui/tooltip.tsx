/**
 * A word or two about a control, on hover and on keyboard focus. Never the only place where something is said.
 *
 * Our own, because every icon button has one: the library's tooltip brings its whole machinery for floating parts into
 * the first load. Here a trigger is an attribute, and one layer for the whole page listens for all of them.
 */
import { cloneElement, type ReactElement, useEffect, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { type Box, placeTooltip } from "./tooltip-rules";

interface TooltipProps {
  text: string;
  children: ReactElement;
  /** Lets the keyboard reach an element that is not a control. */
  focusable?: boolean | undefined;
}

export function Tooltip({ text, children, focusable }: TooltipProps) {
  const attributes = { "data-tooltip": text, ...(focusable && { tabIndex: 0 }) };
  return cloneElement(children as ReactElement<typeof attributes>, attributes);
}

const HOVER_MS = 500;
/** Long enough to move the pointer from the control into the tooltip, to read it enlarged or to mark its words. */
const LEAVE_MS = 120;
const ID = "tooltip";

/** Draws the tooltips of the page; stands once in `UiProvider`. */
export function TooltipLayer() {
  const [owner, setOwner] = useState<HTMLElement>();
  useEffect(() => listen(setOwner), []);
  useEffect(() => {
    const text = owner?.dataset["tooltip"];
    // The name of the control says it already.
    if (!owner || owner.getAttribute("aria-label") === text) return undefined;
    owner.setAttribute("aria-describedby", ID);
    return () => owner.removeAttribute("aria-describedby");
  }, [owner]);
  const text = owner?.dataset["tooltip"];
  return owner && text ? createPortal(<Bubble key={text} owner={owner} text={text} />, document.body) : null;
}

function Bubble({ owner, text }: { owner: HTMLElement; text: string }) {
  const bubble = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = bubble.current;
    if (!element) return;
    const own: Box = element.getBoundingClientRect();
    const { left, top } = placeTooltip(owner.getBoundingClientRect(), own, { width: innerWidth, height: innerHeight });
    Object.assign(element.style, { left: `${left}px`, top: `${top}px`, visibility: "visible" });
  }, [owner]);
  return (
    <div
      ref={bubble}
      id={ID}
      role="tooltip"
      dir="auto"
      className="invisible fixed z-50 max-w-72 rounded-control border border-border bg-raised px-2 py-1 text-xs text-text shadow-md"
    >
      {text}
    </div>
  );
}

/** Watches pointer, focus and keys; tells whose tooltip is to be shown. */
function listen(show: (owner: HTMLElement | undefined) => void): () => void {
  let due: ReturnType<typeof setTimeout> | undefined;
  let owner: HTMLElement | undefined;
  const change = (next: HTMLElement | undefined, after: number) => {
    clearTimeout(due);
    due = setTimeout(() => show((owner = next)), after);
  };
  const over = ({ target, pointerType }: PointerEvent) => {
    if (pointerType === "touch" || !(target instanceof Element)) return;
    if (target.closest(`#${ID}`)) return clearTimeout(due);
    const next = target.closest<HTMLElement>("[data-tooltip]") ?? undefined;
    // Beside an open tooltip the next one comes at once.
    if (next !== owner) change(next, next && !owner ? HOVER_MS : LEAVE_MS);
  };
  // Focus that a person moved; where a dialog puts it when it opens, nobody asked for a tooltip.
  let isMoving = false;
  const focus = ({ target }: FocusEvent) => {
    const next = isMoving && target instanceof Element && target.closest<HTMLElement>("[data-tooltip]");
    change(next || undefined, 0);
  };
  const hide = () => change(undefined, 0);
  const press = () => {
    isMoving = false;
    hide();
  };
  const key = (event: KeyboardEvent) => {
    isMoving = event.key === "Tab" || event.key.startsWith("Arrow");
    if (event.key === "Escape") hide();
  };
  const stop = new AbortController();
  const options = { signal: stop.signal, capture: true, passive: true };
  document.addEventListener("pointerover", over, options);
  document.addEventListener("pointerdown", press, options);
  document.addEventListener("focusin", focus, options);
  document.addEventListener("focusout", hide, options);
  document.addEventListener("keydown", key, options);
  document.addEventListener("scroll", hide, options);
  return () => {
    clearTimeout(due);
    stop.abort();
  };
}
