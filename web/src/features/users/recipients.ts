/** Whom an invitation goes to: read from what was typed or pasted, in the ways that mail programs write people. */
export interface Recipient {
  email: string;
  name: string;
}

export interface Recipients {
  people: Recipient[];
  /** What is no address. */
  unreadable: string[];
}

/** Parts end at a comma, a semicolon or the line; not inside quotes, where "Archer, Ann" is one name. */
const PART = /(?:"[^"\n]*"|<[^<>\n]*>|[^",;\n<])+/g;
const ADDRESS = /^[^\s@<>"]+@[^\s@<>"]+$/;

export function readRecipients(text: string): Recipients {
  const people = new Map<string, Recipient>();
  const unreadable: string[] = [];
  for (const part of text.match(PART) ?? []) {
    for (const { email, name, written } of readPart(part.trim())) {
      const key = email.toLowerCase();
      if (!ADDRESS.test(email)) unreadable.push(written);
      else if (!people.has(key)) people.set(key, { email, name });
    }
  }
  return { people: [...people.values()], unreadable };
}

function readPart(part: string): (Recipient & { written: string })[] {
  if (part === "") return [];
  const at = part.indexOf("<");
  if (at >= 0 && part.endsWith(">")) {
    const email = part.slice(at + 1, -1).trim();
    const name = part
      .slice(0, at)
      .trim()
      .replace(/^"(.*)"$/, "$1")
      .trim();
    return [{ email, name: (name || guessName(email)).slice(0, 200), written: part }];
  }
  const words = part.split(/\s+/);
  // Addresses one after another; anything else is one thing that cannot be read.
  const each = words.every((word) => word.includes("@")) ? words : [part];
  return each.map((email) => ({ email, name: guessName(email), written: email }));
}

/** "ann.archer+crm@acme.test" is probably Ann Archer; people can change their name themselves. */
export function guessName(email: string): string {
  const [local = ""] = email.split("@");
  const words = (local.split("+")[0] ?? "").split(/[._-]+/).filter(Boolean);
  const name = words.map((word) => (word[0] ?? "").toLocaleUpperCase() + word.slice(1)).join(" ");
  return (name || local || email).slice(0, 200);
}

/** As it can be read again. */
export const writeRecipients = (people: readonly Recipient[]): string =>
  people
    .map(({ email, name }) => (name === guessName(email) ? email : `"${name.replaceAll('"', "'")}" <${email}>`))
    .join("\n");
