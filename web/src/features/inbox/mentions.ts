/** Colleagues who are named in a note with an @: found in the text, so that what one sees is what is meant. */
interface Person {
  id: string;
  name: string;
}

/** The longest name wins, so that "@Ann Archer" is not also "@Ann". */
export function mentioned(text: string, people: readonly Person[]): string[] {
  let rest = text.toLowerCase();
  const found: string[] = [];
  for (const { id, name } of people.toSorted((one, other) => other.name.length - one.name.length)) {
    const wanted = `@${name.trim().toLowerCase()}`;
    if (wanted.length < 2 || !rest.includes(wanted)) continue;
    found.push(id);
    rest = rest.replaceAll(wanted, " ");
  }
  return found;
}

/** The name that is being typed behind an @ before the caret. */
export function atSign(text: string, caret: number): { from: number; to: number; query: string } | undefined {
  const found = /(?:^|\s)@([^\s@]{0,40})$/u.exec(text.slice(0, caret));
  if (!found) return undefined;
  const query = found[1] ?? "";
  return { from: caret - query.length - 1, to: caret, query };
}
