/**
 * What may be searched for of a key: whoever pastes a whole one must not find its secret in the address bar, the history
 * and the server's log. A key is `sk_`, the workspace, the key's own number, whose last eight characters are shown, and
 * the secret.
 */
export function visiblePart(text: string): string {
  const [, number, secret] = /^\s*sk_[^_]*_([^_]+)(_.*)?$/s.exec(text) ?? [];
  if (number === undefined) return text;
  // Being typed, or cut off: the number may still grow.
  return secret === undefined && number.length < 26 ? text : number.slice(-8);
}
