/**
 * The simulated platforms, which `demo` runs beside the server, and a page at one of them that a workspace has connected.
 * What happens there goes over the network both ways, signed and delivered as at the real one (docs/simulators.md).
 */
import { dataOf, type ApiClient } from "@socialai/api-client";
import { expect } from "@playwright/test";
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";

import type { ProgramFacts } from "./program.ts";

export interface Said {
  /** Of the message or comment. */
  id: string;
  /** Who said it. */
  person: string;
}

export interface FacebookPage {
  id: string;
  name: string;
  /** A customer writes to the page. Their name is enough; a new one is a new customer. */
  say: (person: string, text: string) => Promise<Said>;
  comment: (person: string, text: string) => Promise<Said>;
  /** The page's messages as this customer sees them, oldest first: the text, or the kind of the file. */
  seenBy: (said: Said) => Promise<string[]>;
  /** The customer opens the conversation. */
  read: (said: Said) => Promise<void>;
}

/** The log-in at the platform, its answer, and the choice of the page: everything but the clicks. */
export async function connectFacebookPage(
  program: ProgramFacts,
  admin: ApiClient,
  address: string,
  name = "Harbour Outdoor",
): Promise<FacebookPage> {
  const control = `${await origin(program)}/_control`;
  const id = String(106_728_100_000_000 + randomInt(1_000_000_000));
  const act = (verb: string, given: object) => ask<Said>(`${control}/simulators/facebook/${verb}`, given);
  const redirect = `${program.url}/api/v1/auth/social/facebook/callback`;
  await act("seed", { account: id, name, handle: `page.${id}`, redirect_uri: redirect });

  const params = { path: { platform: "facebook" } } as const;
  const begun = await admin.POST("/auth/social/{platform}/init", { params, body: {} });
  const cookie = begun.response.headers
    .getSetCookie()
    .map((one) => one.split(";")[0])
    .join("; ");
  const allowed = await redirected(`${begun.data?.authorize_url}&decision=continue`);
  const chosen = await redirected(allowed.href, { cookie, "x-forwarded-for": address });
  const connection = chosen.searchParams.get("connection");
  if (!connection) throw new Error(`Facebook's log-in led to ${chosen.href}`);
  const choice = { params: { path: { id: connection } }, body: { external_ids: [id] } };
  await dataOf(admin.POST("/channel-connections/{id}/connect", choice));

  const sends = `/v26.0/${id}/messages`;
  return {
    id,
    name,
    say: (person, text) => act("say", { account: id, person, text }),
    comment: (person, text) => act("comment", { account: id, person, text }),
    read: async ({ person }) => void (await act("read", { account: id, person })),
    seenBy: async ({ person }) => {
      const query = new URLSearchParams({ simulator: "facebook", path_prefix: sends, limit: "100" });
      const all = await ask<{ recordings: Recording[] }>(`${control}/recordings?${query}`);
      return all.recordings
        .filter(({ effects }) =>
          effects.some(({ what, place }) => what === "message_visible" && place === `${id}/${person}`),
        )
        .map(({ body }) => messageIn(body))
        .toReversed();
    },
  };
}

interface Recording {
  body: string;
  effects: { what: string; place: string }[];
}

function messageIn(body: string): string {
  const { message } = JSON.parse(body) as { message: { text?: string; attachment?: { type: string } } };
  return message.text ?? message.attachment?.type ?? "";
}

async function ask<T>(url: string, given?: object): Promise<T> {
  const response = await fetch(url, {
    ...(given && { method: "POST", body: JSON.stringify(given), headers: { "content-type": "application/json" } }),
  });
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

async function redirected(url: string, headers: Record<string, string> = {}): Promise<URL> {
  const response = await fetch(url, { redirect: "manual", headers });
  const to = response.headers.get("location");
  if (!to) throw new Error(`${url} answers ${response.status} and leads nowhere.`);
  return new URL(to, url);
}

/** Any free port, which the program says when it is ready. */
async function origin({ log }: ProgramFacts): Promise<string> {
  const said = () => /Play a customer: (http:\/\/\S+)\/facebook\/play/.exec(readFileSync(log, "utf8"))?.[1] ?? "";
  await expect.poll(said, "the address of the simulators").not.toBe("");
  return said();
}
