/**
 * What the widget keeps in the browser: nothing until the visitor has sent a message, then one entry for each widget.
 * It lies in the storage of the hub's origin. Browsers part it by the site that the widget stands on, so a visitor is
 * somebody else on another website; and they may forbid it altogether, then it is kept for as long as the page is open.
 */
import type { NewMessage } from "./protocol.ts";

export interface Kept {
  token: string;
  visitor_id: string;
  /** Not yet accepted by the hub, with their ids: after a change of page they are sent again, not said twice. */
  waiting: NewMessage[];
  draft: string;
}

/** The part of the browser's Storage that is used. */
export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export interface Keep {
  read(): Kept | null;
  write(kept: Kept): void;
  forget(): void;
}

/** `open` may throw: reaching for the storage is what browsers forbid. */
export function keep(key: string, open: () => Store): Keep {
  const name = `socialai.chat.${key}`;
  let inMemory: string | null = null;
  const attempt = <T>(act: (store: Store) => T): T | null => {
    try {
      return act(open());
    } catch {
      return null;
    }
  };
  return {
    read: () => parse(attempt((store) => store.getItem(name)) ?? inMemory),
    write: (kept) => {
      inMemory = JSON.stringify(kept);
      attempt((store) => store.setItem(name, inMemory ?? ""));
    },
    forget: () => {
      inMemory = null;
      attempt((store) => store.removeItem(name));
    },
  };
}

function parse(text: string | null): Kept | null {
  if (!text) return null;
  try {
    const kept = JSON.parse(text) as Partial<Kept> | null;
    if (typeof kept?.token !== "string" || kept.token === "") return null;
    return {
      token: kept.token,
      visitor_id: typeof kept.visitor_id === "string" ? kept.visitor_id : "",
      waiting: Array.isArray(kept.waiting) ? kept.waiting.filter((one) => typeof one?.client_id === "string") : [],
      draft: typeof kept.draft === "string" ? kept.draft : "",
    };
  } catch {
    return null;
  }
}
