/** A real OpenID Connect provider on a free port; it ends with the test process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { CHECKOUT } from "./places.ts";

export interface IdentityProvider {
  issuer: string;
  clientId: string;
  clientSecret: string;
  close: () => Promise<void>;
}

/** `claims` by log-in name. Any password is right there; the address is NAME@example.com unless the claims say otherwise. */
export async function startIdentityProvider(
  redirect: string,
  claims: Record<string, Record<string, unknown>> = {},
): Promise<IdentityProvider> {
  const child = spawn("node", ["server.mjs", "--redirect", redirect], {
    cwd: join(CHECKOUT, "tools/oidc-provider"),
    env: { ...process.env, OIDC_CLAIMS: JSON.stringify(claims) },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const { issuer } = JSON.parse(line) as { issuer: string };
  const close = async () => {
    const ended = once(child, "exit");
    child.stdin.end();
    await ended;
  };
  return { issuer, clientId: "hub", clientSecret: "test-client-secret", close };
}
