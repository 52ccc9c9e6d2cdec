/** What is different between two values, field by field, in an order that reads well. */

export interface Change {
  /** "roles", "policy.max_age", "keys.0.name"; empty for the value as a whole. */
  path: string;
  kind: "added" | "removed" | "changed";
  before: string[];
  after: string[];
}

/** Objects are opened to their leaves; lists are compared as sets of lines, since their order seldom means anything. */
export function difference(before: unknown, after: unknown): Change[] {
  const [old, fresh] = [leaves(before), leaves(after)];
  const paths = [...new Set([...old.keys(), ...fresh.keys()])];
  return paths.flatMap((path) => compare(path, old.get(path), fresh.get(path)) ?? []).toSorted(byPath);
}

function byPath(one: Change, other: Change): number {
  return one.path.localeCompare(other.path, undefined, { numeric: true });
}

function compare(path: string, before: Leaf | undefined, after: Leaf | undefined): Change | undefined {
  if (before && after && before.list && after.list) {
    const [gone, came] = [without(before.lines, after.lines), without(after.lines, before.lines)];
    if (gone.length === 0 && came.length === 0) return undefined;
    return { path, kind: kindOf(gone, came), before: gone, after: came };
  }
  if (before?.key === after?.key) return undefined;
  const [old, fresh] = [before?.lines ?? [], after?.lines ?? []];
  return { path, kind: kindOf(old, fresh), before: old, after: fresh };
}

function kindOf(before: string[], after: string[]): Change["kind"] {
  if (before.length === 0) return "added";
  return after.length === 0 ? "removed" : "changed";
}

/** Counts repeated lines: of two equal lines, one can go. */
function without(lines: string[], others: string[]): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}

interface Leaf {
  list: boolean;
  lines: string[];
  /** Tells 1 from "1"; lines alone do not. */
  key: string;
}

/** Nothing at all has no leaf: a field that was null and is absent now has not changed. */
function leaves(value: unknown, path = "", found = new Map<string, Leaf>()): Map<string, Leaf> {
  if (value === undefined || value === null) return found;
  if (Array.isArray(value)) {
    const lines = value.map(line);
    if (lines.length > 0) found.set(path, { list: true, lines, key: JSON.stringify(lines) });
    return found;
  }
  if (typeof value === "object") {
    for (const [name, inner] of Object.entries(value)) leaves(inner, path ? `${path}.${name}` : name, found);
    return found;
  }
  found.set(path, { list: false, lines: [line(value)], key: JSON.stringify(value) });
  return found;
}

/** One entry as one line; objects keep the same line whatever the order of their fields was. */
function line(value: unknown): string {
  if (typeof value === "string") return value === "" ? "(empty)" : value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const fields = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
    return fields.map(([name, inner]) => `${name}: ${line(inner)}`).join(", ");
  }
  return Array.isArray(value) ? value.map(line).join(", ") : String(value);
}
