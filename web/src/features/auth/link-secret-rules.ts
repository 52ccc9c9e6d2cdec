/** What mail programs do to links: they encode, and they add a full stop. */
export function secretIn(hash: string, kind: "tk" | "inv"): string | undefined {
  const found = /^#((?:tk|inv)_[\w-]{20,196})\W*$/.exec(decoded(hash))?.[1];
  return found?.startsWith(`${kind}_`) ? found : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
