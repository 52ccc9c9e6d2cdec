/** Which commands fit what was typed, the best first. */

export interface Findable {
  id: string;
  label: string;
  group: string;
  /** Other words for it. */
  keywords?: string | readonly string[] | undefined;
}

/** The words may come in any order, and each must fit somewhere: in the label, the group or a keyword. */
export function findCommands<C extends Findable>(
  commands: readonly C[],
  query: string,
  recent: readonly string[] = [],
): C[] {
  const words = fold(query).split(/\s+/).filter(Boolean);
  const scored = commands.flatMap((command, order) => {
    const score = rate(command, words);
    return score === undefined ? [] : [{ command, order, score: score + recency(command.id, recent) }];
  });
  return scored
    .toSorted((one, other) => other.score - one.score || one.order - other.order)
    .map(({ command }) => command);
}

function rate(command: Findable, words: readonly string[]): number | undefined {
  const label = fold(command.label);
  const others = [command.keywords ?? [], command.group].flat().map(fold);
  let sum = 0;
  for (const word of words) {
    const found = Math.max(fit(word, label) * 2, ...others.map((text) => fit(word, text)));
    if (found === 0) return undefined;
    sum += found;
  }
  return sum;
}

/** 4 for a whole word, 3 for the beginning of one, 2 for a part, 1 for its letters in order within few, 0 for none. */
function fit(word: string, text: string): number {
  const at = text.split(/[^\p{L}\p{N}]+/u);
  if (at.includes(word)) return 4;
  if (at.some((part) => part.startsWith(word))) return 3;
  if (text.includes(word)) return 2;
  return word.length > 2 && isScattered(word, text) ? 1 : 0;
}

/** "usrs" fits "users": its letters in order, starting where a word starts, over at most twice its length. */
function isScattered(word: string, text: string): boolean {
  for (const start of text.matchAll(/(?<![\p{L}\p{N}])[\p{L}\p{N}]/gu)) {
    let at = start.index;
    let matched = 0;
    while (at < text.length && matched < word.length && at < start.index + word.length * 2) {
      if (text[at] === word[matched]) matched += 1;
      else if (at === start.index) break;
      at += 1;
    }
    if (matched === word.length) return true;
  }
  return false;
}

/** Less than the difference between two kinds of fit, so that it decides among equals only. */
function recency(id: string, recent: readonly string[]): number {
  const at = recent.indexOf(id);
  return at === -1 ? 0 : 0.9 - at * 0.1;
}

/** Without capitals and accents. */
function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Groups in the order of their best command. */
export function groupCommands<C extends Findable>(commands: readonly C[]): { group: string; items: C[] }[] {
  const groups = new Map<string, C[]>();
  for (const command of commands) {
    const items = groups.get(command.group);
    if (items) items.push(command);
    else groups.set(command.group, [command]);
  }
  return [...groups].map(([group, items]) => ({ group, items }));
}
