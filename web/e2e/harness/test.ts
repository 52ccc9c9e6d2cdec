/** `test` and `expect` of every browser test; README.md tells what the fixtures give. */
import type { ApiClient } from "@socialai/api-client";
import { test as base, expect, type BrowserContext, type Page } from "@playwright/test";

import { arrange } from "./arrange.ts";
import { layCable, type Cable } from "./cable.ts";
import { startIdentityProvider, type IdentityProvider } from "./identity-provider.ts";
import { newestMail, type Mail } from "./outbox.ts";
import { apiOf, makeWorkspace, signIn, someAddress, totpCode, type Person, type Workspace } from "./people.ts";
import { sql, type ProgramFacts } from "./program.ts";
import { connectFacebookPage, type FacebookPage } from "./simulators.ts";
import { tellPolicyBreaches, watch, type Watch } from "./watch.ts";
import { startWebsite, type Website } from "./website.ts";

export { expectAccessible } from "./accessible.ts";
export { uuidOf, type Person, type Role, type Workspace } from "./people.ts";
export { expect };

interface Fixtures {
  program: ProgramFacts;
  /** Network address of this test's people. */
  address: string;
  workspace: Workspace;
  makeWorkspace: (name?: string) => Promise<Workspace>;
  signIn: (where: Page | BrowserContext, person: Person) => Promise<void>;
  api: (person: Person) => Promise<ApiClient>;
  totpCode: (person: Person) => Promise<string>;
  sql: (statement: string) => Promise<string>;
  manyPeople: (count: number) => Promise<void>;
  mailTo: (address: string) => Promise<Mail>;
  facebookPage: (name?: string) => Promise<FacebookPage>;
  identityProvider: (claims?: Record<string, Record<string, unknown>>) => Promise<IdentityProvider>;
  website: Website;
  cable: Cable;
  watch: Watch;
  isPhone: boolean;
}

export const test = base.extend<Fixtures>({
  program: async ({}, give) => {
    const facts = process.env["SOCIALAI_E2E_PROGRAM"];
    if (!facts) throw new Error("The program was not started; run the tests with `npm run e2e`.");
    await give(JSON.parse(facts) as ProgramFacts);
  },
  address: async ({}, give) => give(someAddress()),
  baseURL: async ({ program }, give) => give(program.url),
  extraHTTPHeaders: async ({ address }, give) => give({ "x-forwarded-for": address }),
  workspace: async ({ program, address }, give) => give(await makeWorkspace(program, address)),
  makeWorkspace: async ({ program, address }, give) => give((name) => makeWorkspace(program, address, name)),
  signIn: async ({ program }, give) => give((where, person) => signIn(program, where, person)),
  api: async ({ program }, give) => give((person) => apiOf(program, person)),
  totpCode: async ({ program }, give) => give((person) => totpCode(program, person)),
  sql: async ({ program }, give) => give((statement) => sql(program, statement)),
  manyPeople: async ({ program, workspace }, give) => {
    await give(async (count) => void (await arrange(program, { make: "crowd", workspace: workspace.slug, count })));
  },
  mailTo: async ({ program, workspace }, give) => {
    let admin: Promise<ApiClient> | undefined;
    await give(async (address) => {
      admin ??= apiOf(program, workspace.admin);
      return newestMail(await admin, address);
    });
  },
  facebookPage: async ({ program, workspace, address }, give) => {
    await give(async (name) => connectFacebookPage(program, await apiOf(program, workspace.admin), address, name));
  },
  identityProvider: async ({ program }, give) => {
    const started: IdentityProvider[] = [];
    await give(async (claims) => {
      const provider = await startIdentityProvider(`${program.url}/api/v1/auth/sso/callback`, claims);
      started.push(provider);
      return provider;
    });
    await Promise.all(started.map((provider) => provider.close()));
  },
  website: async ({ program }, give) => {
    const website = await startWebsite(program.url);
    await give(website);
    await website.close();
  },
  cable: async ({ program }, give) => {
    const cable = await layCable(program.port);
    await give(cable);
    await cable.close();
  },
  watch: [
    async ({ context }, give) => {
      const watched = watch(context);
      await context.addInitScript(tellPolicyBreaches);
      await give(watched);
      expect(watched.complaints, "errors in the browser's console").toEqual([]);
    },
    { auto: true },
  ],
  isPhone: async ({ viewport }, give) => give((viewport?.width ?? 1280) < 768),
});
