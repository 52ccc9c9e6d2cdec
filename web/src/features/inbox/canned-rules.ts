/** Canned replies while one types: `/` at the beginning of a word opens the list, what follows narrows it down. */
export interface Slash {
  /** Where the slash stands. */
  from: number;
  /** Where the caret is. */
  to: number;
  query: string;
}

/** The shortcut that is being typed before the caret. */
export function slashAt(text: string, caret: number): Slash | undefined {
  const found = /(?:^|\s)\/([\p{L}\p{N}_-]{0,40})$/u.exec(text.slice(0, caret));
  if (!found) return undefined;
  const query = found[1] ?? "";
  return { from: caret - query.length - 1, to: caret, query };
}

/** The text with the shortcut replaced, and where the caret goes. */
export function replaceSlash(text: string, { from, to }: Slash, filled: string): { text: string; caret: number } {
  return { text: text.slice(0, from) + filled + text.slice(to), caret: from + filled.length };
}

interface Findable {
  shortcut: string;
  title: string;
}

/** Those whose shortcut begins so come first, then those that have it somewhere. */
export function matching<R extends Findable>(replies: readonly R[], query: string): R[] {
  const wanted = query.toLowerCase();
  const begins = replies.filter(({ shortcut }) => shortcut.toLowerCase().startsWith(wanted));
  const has = replies.filter(
    (reply) => !begins.includes(reply) && `${reply.shortcut} ${reply.title}`.toLowerCase().includes(wanted),
  );
  return [...begins, ...has];
}
