/** How a receiver finds out that a message is genuine, to be copied; docs/webhooks.md has it in five languages. */
export const VERIFY = `import { createHmac, timingSafeEqual } from "node:crypto";

/** Throws unless the webhook is genuine; body is the raw text. */
export function verify(secret, headers, body) {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const timestamp = headers["webhook-timestamp"];
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= 300)) throw new Error("too old or too new");
  const signed = \`\${headers["webhook-id"]}.\${timestamp}.\${body}\`;
  const expected = Buffer.from(\`v1,\${createHmac("sha256", key).update(signed).digest("base64")}\`);
  const isGenuine = headers["webhook-signature"].split(" ").some((one) => {
    const given = Buffer.from(one);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  if (!isGenuine) throw new Error("the signature is wrong");
}
`;
