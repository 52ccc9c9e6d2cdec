/**
 * A walk through the demo that also takes the pictures of README and docs, so that they show what there is. `make
 * screenshots` tells where to put them; otherwise the walk is a test like any other.
 */
import { dataOf } from "@socialai/api-client";
import type { Page } from "@playwright/test";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";

import { apiOf, signIn, type Person } from "./harness/people.ts";
import { runFolder } from "./harness/places.ts";
import { manyPeople, PASSWORD, Program } from "./harness/program.ts";
import { expectNoSidewaysScroll, settled } from "./harness/settle.ts";
import { expect, test } from "./harness/test.ts";

const PICTURES = process.env["SOCIALAI_PICTURES"];

test("a walk through the demo", async ({ page, address, isPhone }) => {
  test.setTimeout(180_000);
  const folder = mkdtempSync(join(runFolder(), "demo-"));
  const program = await Program.start({ dataDir: join(folder, "data"), removes: folder });
  const { url } = program.facts;
  const ada: Person = { ...demoPerson("admin@acme.test", "Ada Admin"), address };
  const admin = await apiOf(program.facts, ada);
  ada.id = (await dataOf(admin.GET("/me"))).user.id;
  await manyPeople(program.facts, "acme", 120);
  await populate(admin);
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
  await expect(page.getByRole("main").getByRole("listitem").first()).toBeVisible();
  await take("home", "light", "dark");

  await page.goto(`${url}/settings/users`);
  await expect(page.getByText("rep@acme.test").or(page.getByText("Ada Archer 0")).first()).toBeVisible();
  await take("people", "light", "dark");

  if (isPhone) return program.stop();
  await page.goto(`${url}/settings/users/roles`);
  await take("roles", "light");
  await page.goto(`${url}/settings/api-keys`);
  await expect(page.getByText("nightly export")).toBeVisible();
  await take("api-keys", "dark");
  await page.goto(`${url}/settings/audit-log?action=policy.changed`);
  await page.goto(`${url}/settings/audit-log`);
  await take("audit-log", "light");
  await page.goto(`${url}/`);
  await settled(page);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("key");
  await expect(page.getByRole("dialog").getByRole("option").first()).toBeVisible();
  if (PICTURES) await picture(page, `palette-dark-${width}`, "dark");
  return program.stop();
});

function demoPerson(email: string, name: string): Omit<Person, "address"> {
  return { id: "", email, name, password: PASSWORD, role: "admin", tenant: "acme", recoveryCodes: [] };
}

/** What a company that works with it would have. */
async function populate(admin: Awaited<ReturnType<typeof apiOf>>): Promise<void> {
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
