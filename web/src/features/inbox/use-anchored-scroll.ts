/**
 * A region whose content grows at both ends. At its bottom it stays at the bottom; anywhere else what one reads stays where
 * it is, whether older messages come in above, new ones below, or a picture gets its height.
 */
import { useCallback, useEffect, useEffectEvent, useLayoutEffect, useRef, useState, type RefObject } from "react";

/** So near to the bottom that one reads the newest. */
const BOTTOM = 48;
/** Begins the keys of rows that move: the line of a day stands above whatever comes in of that day. */
const MOVES = "day ";
/** So near to the top that older messages are wanted. */
const TOP = 800;

interface Anchor {
  key: string;
  /** Where it stood, from the top of the region. */
  top: number;
}

interface Scroll {
  region: RefObject<HTMLDivElement | null>;
  content: RefObject<HTMLUListElement | null>;
  isAtBottom: boolean;
  toBottom: () => void;
}

/** `rows` is what is drawn; each row's element has its key as `data-key`. */
export function useAnchoredScroll(rows: readonly unknown[], onNearTop: () => void): Scroll {
  const region = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLUListElement>(null);
  const anchor = useRef<Anchor | "bottom">("bottom");
  const [isAtBottom, setIsAtBottom] = useState(true);

  const look = useEffectEvent(() => {
    const box = region.current;
    if (!box) return;
    const isDown = box.scrollHeight - box.scrollTop - box.clientHeight < BOTTOM;
    anchor.current = isDown ? "bottom" : (firstVisible(box, content.current) ?? anchor.current);
    setIsAtBottom(isDown);
    if (box.scrollTop < TOP && box.clientHeight > 0) onNearTop();
  });

  const hold = useCallback(() => {
    const box = region.current;
    if (!box) return;
    if (anchor.current === "bottom") {
      box.scrollTop = box.scrollHeight;
      return;
    }
    const { key, top } = anchor.current;
    const row = rowsIn(content.current).find((one) => one.dataset["key"] === key);
    if (row) box.scrollTop += row.getBoundingClientRect().top - box.getBoundingClientRect().top - top;
  }, []);

  useLayoutEffect(hold, [hold, rows]);
  // A page that does not fill the region is not scrolled: the next one is asked for at once.
  useEffect(() => {
    if (rows.length > 0) look();
  }, [rows]);
  useEffect(() => {
    const [box, list] = [region.current, content.current];
    if (!box || !list) return undefined;
    const observer = new ResizeObserver(hold);
    observer.observe(box);
    observer.observe(list);
    const scrolled = () => look();
    box.addEventListener("scroll", scrolled, { passive: true });
    return () => {
      observer.disconnect();
      box.removeEventListener("scroll", scrolled);
    };
  }, [hold]);

  const toBottom = useCallback(() => {
    anchor.current = "bottom";
    setIsAtBottom(true);
    hold();
  }, [hold]);
  return { region, content, isAtBottom, toBottom };
}

const rowsIn = (list: HTMLElement | null): HTMLElement[] =>
  [...(list?.children ?? [])].filter((child): child is HTMLElement => child instanceof HTMLElement);

function firstVisible(box: HTMLElement, list: HTMLElement | null): Anchor | undefined {
  const edge = box.getBoundingClientRect().top;
  for (const row of rowsIn(list)) {
    const { top, bottom } = row.getBoundingClientRect();
    const key = row.dataset["key"];
    if (key !== undefined && !key.startsWith(MOVES) && bottom > edge) return { key, top: top - edge };
  }
  return undefined;
}
