/**
 * A walk through the demo that also takes the pictures of README and docs, so that they show what there is. `make
 * screenshots` tells where to put them; otherwise the walk is a test like any other.
 */
import { createClient, dataOf, type ApiClient } from "@socialai/api-client";
import type { Page } from "@playwright/test";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";

import { apiOf, signIn, type Person, type Role } from "./harness/people.ts";
import { runFolder } from "./harness/places.ts";
import { cli, Program, type ProgramFacts } from "./harness/program.ts";
import { expectNoSidewaysScroll, settled } from "./harness/settle.ts";
import { expect, test } from "./harness/test.ts";

const PICTURES = process.env["SOCIALAI_PICTURES"];

const COLLEAGUES: [string, Role][] = [
  ["Bruno Costa", "agent"],
  ["Chiara Lombardi", "sales_rep"],
  ["Elif Yılmaz", "manager"],
  ["Grace Okafor", "viewer"],
  ["Hana Sato", "agent"],
  ["مريم العلي", "agent"],
];

test("a walk through the demo", async ({ page, address, isPhone }) => {
  test.setTimeout(180_000);
  const folder = mkdtempSync(join(runFolder(), "demo-"));
  // As somebody starts it who only wants to look: the password is made by the program.
  const settings = { SOCIALAI_DEMO_PASSWORD: "" };
  const program = await Program.start({ dataDir: join(folder, "data"), removes: folder, settings });
  const { url } = program.facts;
  const ada = await demoPerson(program.facts, "admin@acme.test", address);
  const admin = await apiOf(program.facts, ada);
  ada.id = (await dataOf(admin.GET("/me"))).user.id;
  await populate(program.facts, admin);
  for (const email of ["manager@acme.test", "rep@acme.test"]) {
    await apiOf(program.facts, await demoPerson(program.facts, email, address));
  }
  const width = isPhone ? "phone" : "desktop";
  const take = async (name: string, ...themes: ("light" | "dark")[]) => {
    await settled(page);
    await expectNoSidewaysScroll(page);
    if (PICTURES) for (const theme of themes) await picture(page, `${name}-${theme}-${width}`, theme);
  };

  await page.goto(`${url}/login`);
  await expect(page.getByRole("heading", { name: "Look around in the demo" })).toBeVisible();
  await take("login", "light");

  await signIn(program.facts, page, ada);
  await page.goto(url);
  await expect(page.getByText("You are in Acme Corporation.")).toBeVisible();
  await expect(page.getByText("3 of 4")).toBeVisible();
  await expect(page.getByText("Logged in with two factors").first()).toBeVisible();
  await take("home", "light", "dark");

  await page.goto(`${url}/inbox`);
  const conversations = page.getByRole("list", { name: "Conversations" }).getByRole("link");
  await conversations.first().click();
  await expect(page.getByRole("region", { name: "Messages" }).getByRole("article").first()).toBeVisible();
  await take("inbox", "light", "dark");

  await page.goto(`${url}/settings/users`);
  await expect(page.getByText("rep@acme.test").first()).toBeVisible();
  await take("people", "light", "dark");

  if (isPhone) return program.stop();
  await page.goto(`${url}/settings/users/roles`);
  await take("roles", "light");
  await page.goto(`${url}/settings/api-keys`);
  await expect(page.getByText("nightly export")).toBeVisible();
  await take("api-keys", "dark");
  await page.goto(`${url}/settings/audit-log`);
  await page
    .getByText(/^Changed who needs a second factor/)
    .first()
    .click();
  await expect(page.getByRole("region", { name: "What changed" })).toBeVisible();
  await take("audit-log", "light");
  await page.goto(`${url}/`);
  await settled(page);
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog").getByRole("combobox")).toBeFocused();
  await page.keyboard.type("key");
  await expect(page.getByRole("dialog").getByRole("option", { name: "Create an API key" })).toBeVisible();
  if (PICTURES) await picture(page, `palette-dark-${width}`, "dark");
  return program.stop();
});

async function demoPerson(program: ProgramFacts, email: string, address: string): Promise<Person> {
  const { demo } = await dataOf(createClient({ origin: program.url }).GET("/auth/options"));
  const password = demo.find((person) => person.email === email)?.password ?? "";
  return { id: "", email, name: "", password, role: "admin", tenant: "acme", address, recoveryCodes: [] };
}

/** What a company that works with it would have. */
async function populate(program: ProgramFacts, admin: ApiClient): Promise<void> {
  for (const [index, [name, role]] of COLLEAGUES.entries()) {
    const email = `${
      name
        .split(" ")[0]
        ?.toLowerCase()
        .replaceAll(/[^a-z]/g, "") || `person${index}`
    }@acme.test`;
    await cli(program, ["user", "create", email, "--tenant", "acme", "--role", role, "--name", name]);
  }
  const invitation = { email: "nina@acme.test", name: "Nina New", role: "agent" } as const;
  const answers = [
    await admin.POST("/invitations", { body: invitation }),
    await admin.POST("/api-keys", { body: { name: "nightly export", scopes: ["audit:read", "users:read"] } }),
    await admin.POST("/api-keys", { body: { name: "phone system", scopes: ["users:read"] } }),
    await admin.PUT("/tenant/policy", { body: { mfa_roles: ["admin", "manager"], session_days: 14 } }),
    await admin.PATCH("/me", { body: { name: "Ada Archer" } }),
  ];
  for (const { response } of answers) expect(response.ok, response.url).toBe(true);
}

async function picture(page: Page, name: string, theme: "light" | "dark"): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
  await page.screenshot({ path: join(PICTURES ?? "", `${name}.png`), animations: "disabled", caret: "hide" });
  await page.emulateMedia({ colorScheme: null });
}
