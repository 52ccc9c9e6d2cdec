/** The audit log: read, filtered, proved, taken away. */
import { dataOf, type ApiClient } from "@socialai/api-client";
import type { Page } from "@playwright/test";
import { readFile } from "node:fs/promises";

import { keptOnDevice } from "./harness/kept.ts";
import { tabTo } from "./harness/keyboard.ts";
import { FAULT, refuse } from "./harness/refuse.ts";
import { expect, expectAccessible, test, uuidOf, type Person } from "./harness/test.ts";

const LOG = "/settings/audit-log";

/** The link that opens an entry, in the table and in the cards. */
const entry = (page: Page, name: string | RegExp) => page.getByRole("link", { name });

test("an entry tells who did what to whom, before and after", async ({ page, workspace, signIn, api }) => {
  const amir = await workspace.member("agent", { name: 'Amir <img src=x onerror="alert(1)">' });
  const admin = await api(workspace.admin);
  await admin.PATCH("/users/{id}", { params: { path: { id: amir.id } }, body: { role: "viewer" } });
  await signIn(page, workspace.admin);
  await page.goto(LOG);
  await expectAccessible(page);

  await entry(page, /Changed the role from agent to viewer/).click();
  const panel = page.getByRole("dialog", { name: /^Entry \d+$/ });
  await expect(panel.getByRole("heading", { name: "Changed the role from agent to viewer" })).toBeVisible();
  await expect(panel).toContainText("Ada Admin");
  await expect(panel).toContainText('Amir <img src=x onerror="alert(1)">');
  await expect(panel.getByLabel("What changed")).toContainText(/role.*Before: agent.*After: viewer/);
  await expect(panel.getByRole("button", { name: /^Copy hash: [0-9a-f]{64}$/ })).toBeVisible();
  await expect(panel.getByRole("button", { name: /^Copy request id: / })).toBeVisible();
  await expectAccessible(page);

  // The address alone leads to the entry, and closing it leads back to the list.
  await page.reload();
  await expect(panel.getByRole("heading", { name: "Changed the role from agent to viewer" })).toBeVisible();
  await panel.getByRole("button", { name: "Older" }).click();
  await expect(page).toHaveURL(/entry=\d+/);
  await panel.getByRole("button", { name: "Close" }).click();
  await expect(panel).toBeHidden();
  await expect(page).not.toHaveURL(/entry/);
});

test("an entry far down is opened by its address alone @any-width", async ({ page, workspace, signIn, sql }) => {
  await manyEntries(sql, workspace.id, 250);
  await signIn(page, workspace.admin);
  await page.goto(`${LOG}?entry=3`);
  const panel = page.getByRole("dialog", { name: "Entry 3" });
  await expect(panel.getByText("test.happened").first()).toBeVisible();
  await panel.getByRole("button", { name: "Close" }).click();
  await page.goto(`${LOG}?entry=99999`);
  await expect(page.getByRole("dialog").getByText("There is no such audit log entry in this workspace.")).toBeVisible();
});

test("filters live in the address and are dropped one by one @any-width", async ({ page, workspace, signIn, api }) => {
  const amir = await workspace.member("agent", { name: "Amir Agent" });
  const rita = await workspace.member("sales_rep", { name: "Rita Rep" });
  await makeViewers(await api(workspace.admin), [amir, rita]);
  await signIn(page, workspace.admin);
  await page.goto(LOG);

  await page.getByRole("button", { name: "Action", exact: true }).click();
  await page.getByRole("menuitemcheckbox", { name: "Changed a role" }).click();
  await expect(page).toHaveURL(/action=user\.role_changed/);
  await expect(entry(page, /Changed the role/)).toHaveCount(2);
  await expect(entry(page, /Added a user/)).toHaveCount(0);

  await page.getByRole("button", { name: "Who", exact: true }).click();
  await page.getByRole("searchbox", { name: "Search people" }).fill("rita");
  await expect(page.getByRole("button", { name: /Amir Agent/ })).toHaveCount(0);
  await page.getByRole("button", { name: /Rita Rep/ }).click();
  await expect(page.getByRole("heading", { name: "No entry fits" })).toBeVisible();

  await page.reload();
  await expect(page.getByRole("button", { name: "Who: Rita Rep" })).toBeVisible();
  await page.getByRole("button", { name: "Clear Who" }).click();
  await expect(entry(page, /Changed the role from sales rep/)).toBeVisible();
  await page.getByRole("button", { name: "Clear Action" }).click();
  await expect(entry(page, /Added a user as agent/)).toBeVisible();
  await expect(page).toHaveURL(/audit-log$/);
});

test("from an entry to all about the same thing, and to a time @any-width", async ({
  page,
  workspace,
  signIn,
  api,
}) => {
  const amir = await workspace.member("agent", { name: "Amir Agent" });
  const rita = await workspace.member("sales_rep", { name: "Rita Rep" });
  await makeViewers(await api(workspace.admin), [amir, rita]);
  await signIn(page, workspace.admin);
  await page.goto(LOG);
  await entry(page, /Changed the role from sales rep/).click();
  await page.getByRole("link", { name: "Show all about Rita Rep" }).click();
  await expect(page.getByRole("button", { name: "About: Rita Rep" })).toBeVisible();
  await expect(entry(page, /Added a user as sales rep/)).toBeVisible();
  await expect(entry(page, /Added a user as agent/)).toHaveCount(0);

  await page.getByRole("button", { name: "When", exact: true }).click();
  await page.getByRole("button", { name: "Today" }).click();
  await expect(page).toHaveURL(/from=\d{4}-\d{2}-\d{2}&until=/);
  await expect(entry(page, /Changed the role/)).toHaveCount(1);
  await page.getByRole("textbox", { name: "Until" }).fill("2000-01-01");
  await expect(page.getByText("This day is before the first one, so nothing fits.")).toBeVisible();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Clear all", exact: true }).click();
  await expect(page).toHaveURL(/audit-log$/);
  await expect(entry(page, /Added a user as agent/)).toBeVisible();
});

test("filters can be used by everybody", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  await page.goto(`${LOG}?kind=api_key`);
  await expect(page.getByRole("heading", { name: "No entry fits" })).toBeVisible();
  await page.getByRole("button", { name: "Action", exact: true }).click();
  await expect(page.getByRole("menuitemcheckbox", { name: "Added a user" })).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Who", exact: true }).click();
  await expect(page.getByRole("button", { name: /Ada Admin.*@/ })).toBeVisible();
  await expectAccessible(page);
});

test("what happens meanwhile waits until the reader wants it", async ({ page, workspace, signIn, api }) => {
  const admin = await api(workspace.admin);
  await signIn(page, workspace.admin);
  await page.goto(`${LOG}?kind=api_key`);
  await expect(page.getByRole("heading", { name: "No entry fits" })).toBeVisible();
  await expectLive(page);
  const make = (name: string) => admin.POST("/api-keys", { body: { name, scopes: ["users:read"] } });
  await make("first");
  await expect(page.getByRole("button", { name: "1 new entry" })).toBeVisible();
  await make("second");
  // Of another kind: none of this list's business.
  await admin.POST("/invitations", { body: { email: "new@harbour.test", name: "N", role: "agent" } });
  await expect(page.getByRole("button", { name: "2 new entries" })).toBeVisible();
  await expect(entry(page, /Created an API key/)).toHaveCount(0);
  await expectAccessible(page);
  await page.getByRole("button", { name: "2 new entries" }).click();
  await expect(entry(page, /Created an API key/)).toHaveCount(2);
  await expect(page.getByRole("button", { name: /new entr/ })).toHaveCount(0);
});

test("the chain is proved unbroken, and a broken one says where", async ({ page, workspace, signIn, sql }) => {
  await signIn(page, workspace.admin);
  await page.goto(LOG);
  const state = page.getByRole("group", { name: "State of the chain" });
  await state.getByRole("button", { name: "Check the chain" }).click();
  await expect(state).toContainText(/\d+ entries, unbroken\. Checked now\./);
  await expectAccessible(page);
  await expect.poll(() => keptOnDevice(page)).toContain("checkedAt");
  await page.reload();
  await expect(state, "the finding is kept").toContainText(/entries, unbroken/);

  await sql(
    `update shared.audit_log set action = 'user.nothing' where seq = 2 and tenant_id = '${uuidOf(workspace.id)}'`,
  );
  await state.getByRole("button", { name: "Check again" }).click();
  await expect(
    state.getByRole("heading", { name: "The chain is broken at entry 2: this row was altered" }),
  ).toBeVisible();
  await expect(state).toContainText("Treat it as an incident");
  await expectAccessible(page);
});

test("the log is exported as it is filtered, and taken up again where the line was cut @any-width", async ({
  page,
  workspace,
  signIn,
  sql,
}) => {
  await manyEntries(sql, workspace.id, 1200);
  await signIn(page, workspace.admin);
  await page.goto(`${LOG}?action=test.happened`);
  let requests = 0;
  await page.route(/\/api\/v1\/audit-log\/export/, (route) => {
    requests += 1;
    return requests === 1 ? route.abort() : route.continue();
  });
  const rows = await exported(page, "CSV, for spreadsheets");
  expect(requests).toBe(2);
  expect(rows[0]).toBe("seq,at,actor_kind,actor_id,action,entity_kind,entity_id,ip,user_agent,request_id,changes,hash");
  expect(rows).toHaveLength(1 + 1200);
  expect(rows.slice(1).every((row) => row.includes('"test.happened"'))).toBe(true);

  const lines = await exported(page, "JSON lines, for programs");
  expect(lines).toHaveLength(1200);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ action: "test.happened" });
});

test("an export under way is cancelled", async ({ page, workspace, signIn, isPhone }) => {
  await signIn(page, workspace.admin);
  await page.goto(LOG);
  const held = Promise.withResolvers<void>();
  await page.route(/\/api\/v1\/audit-log\/export/, async (route) => {
    await held.promise;
    await route.abort();
  });
  await page.getByRole("button", { name: "Export" }).click();
  await page.getByRole("menuitem", { name: "CSV, for spreadsheets" }).click();
  if (isPhone) await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("button", { name: /^Activity/ }).click();
  await page.getByRole("button", { name: "Cancel Export the audit log as CSV" }).click();
  await expect(page.getByText("Cancelled.", { exact: true })).toBeVisible();
  held.resolve();
});

test("the log is read with the keyboard only", async ({ page, workspace, signIn, api, isPhone }) => {
  const amir = await workspace.member("agent", { name: "Amir Agent" });
  const admin = await api(workspace.admin);
  await admin.PATCH("/users/{id}", { params: { path: { id: amir.id } }, body: { role: "viewer" } });
  await signIn(page, workspace.admin);
  await page.goto(LOG);
  await expect(entry(page, /Changed the role/)).toBeVisible();

  await tabTo(page, page.getByRole("button", { name: "Kind", exact: true }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitemcheckbox", { name: "User" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/kind=user/);
  await expect(entry(page, /Logged in/)).toHaveCount(0);

  const newest = entry(page, /Changed the role/);
  await tabTo(page, newest);
  if (!isPhone) {
    await page.keyboard.press("j");
    await expect(entry(page, /Added a user as agent/)).toBeFocused();
    await page.keyboard.press("k");
    await expect(newest).toBeFocused();
  }
  await page.keyboard.press("Enter");
  const panel = page.getByRole("dialog");
  await expect(panel.getByRole("heading", { name: /Changed the role/ })).toBeVisible();
  await tabTo(page, panel.getByRole("button", { name: "Older" }));
  await page.keyboard.press("Enter");
  await expect(panel.getByRole("heading", { name: /Added a user/ })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(panel).toBeHidden();
  await expect(page).toHaveURL(/kind=user$/);
  await expect(newest).toBeFocused();
});

test("who may not read it is told who can help, and nothing is asked for", async ({ page, workspace, signIn }) => {
  const manager = await workspace.member("manager");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await signIn(page, manager);
  await page.goto(LOG);
  await expect(page.getByRole("heading", { name: "Your role may not see the audit log" })).toBeVisible();
  await expect(page.getByText("Ask an admin of this workspace.")).toBeVisible();
  await expectAccessible(page);
  expect(asked.filter((url) => url.includes("/api/v1/audit-log"))).toEqual([]);
});

test("a log that cannot be read says so, and is read when the reader tries again", async ({
  page,
  workspace,
  signIn,
}) => {
  await signIn(page, workspace.admin);
  const mend = await refuse(page, /\/api\/v1\/audit-log\?/);
  await page.goto(LOG);
  await expect(page.getByRole("alert")).toContainText(FAULT.title);
  await expect(page.getByRole("alert")).toContainText(FAULT.request_id);
  await expectAccessible(page);
  await mend();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(entry(page, /Added a user as admin/)).toBeVisible();
});

async function makeViewers(admin: ApiClient, people: Person[]): Promise<void> {
  for (const { id } of people) {
    await dataOf(admin.PATCH("/users/{id}", { params: { path: { id } }, body: { role: "viewer" } }));
  }
}

/** Starts an export and reads the lines of the file that it ends in. */
async function exported(page: Page, format: string): Promise<string[]> {
  await page.getByRole("button", { name: "Export" }).click();
  await page.getByRole("menuitem", { name: format }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download", exact: true }).click(),
  ]);
  const text = await readFile(await download.path(), "utf8");
  await page.getByRole("button", { name: "Dismiss" }).first().click();
  return text.trimEnd().split("\n");
}

async function expectLive(page: Page): Promise<void> {
  const { isPhone } = { isPhone: (page.viewportSize()?.width ?? 1280) < 768 };
  if (isPhone) await page.getByRole("button", { name: "More" }).click();
  await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible();
  if (isPhone) await page.keyboard.press("Escape");
}

/** Entries past the program; the chain's head is not kept, so these are for reading only. */
async function manyEntries(sql: (statement: string) => Promise<string>, tenant: string, count: number): Promise<void> {
  const id = uuidOf(tenant);
  await sql(`
    with head as (select coalesce(max(seq), 0) as seq from shared.audit_log where tenant_id = '${id}'),
    made as (
      insert into shared.audit_log (tenant_id, seq, at, actor_kind, actor_id, action, entity_kind, entity_id, previous_hash, hash)
      select '${id}', head.seq + n, now(), 'system', 'test', 'test.happened', 'thing', 'thing_' || n, '', sha256(n::text::bytea)
      from head, generate_series(1, ${count}) n)
    update shared.audit_heads set seq = seq + ${count} where tenant_id = '${id}'`);
}
