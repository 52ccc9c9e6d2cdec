export interface IdempotencyHeader {
  "Idempotency-Key": string;
}

/**
 * Keys that make a request safe to repeat. When the answer to a creation is lost, nobody knows whether it happened;
 * sent again with the same key it is carried out once. One set for each opening of a form: the same content has the same
 * key there, a corrected one another.
 */
export function idempotencyKeys(): (body: unknown) => IdempotencyHeader {
  const keys = new Map<string, string>();
  return (body) => {
    const content = JSON.stringify(body);
    const key = keys.get(content) ?? freshKey();
    keys.set(content, key);
    return { "Idempotency-Key": key };
  };
}

/** `crypto.randomUUID` would do, but browsers have it on https and localhost only. */
function freshKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16).padStart(8, "0")).join("");
}
