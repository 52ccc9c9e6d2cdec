/** Outside actions: the ledger of what was done to other systems. */
import type { Page } from "@playwright/test";

import { expectLive } from "./harness/frame.ts";
import { tabTo } from "./harness/keyboard.ts";
import { refuse } from "./harness/refuse.ts";
import { expect, expectAccessible, test, uuidOf, type Workspace } from "./harness/test.ts";

const EFFECTS = "/system/effects";
const STATES = ["planned", "claimed", "dispatched", "confirmed", "failed", "unknown", "cancelled"];

/** One act in each state, the first of them the newest. */
async function act(sql: (statement: string) => Promise<string>, workspace: Workspace): Promise<void> {
  await sql(
    `insert into shared.effects (id, tenant_id, kind, remote, about_kind, about_id, idempotency_key, state, attempt, request, remote_ids, failure, planned_at, dispatched_at, latency_ms)
     select gen_random_uuid(), '${uuidOf(workspace.id)}', 'crm.write_lead', 'crm-' || state || '.test', 'lead', 'lead_' || (n % 2), 'key-' || n, state, 1,
       '{"name": "<b>Nour</b>"}', case when state = 'confirmed' then '{"contact": "003A"}'::jsonb end,
       case when state in ('failed', 'unknown') then 'The line was cut' end, now() - make_interval(mins => n::int), now(), 120
     from unnest('{${STATES.join(",")}}'::text[]) with ordinality as made (state, n)`,
  );
}

const list = (page: Page) =>
  page
    .getByRole("table", { name: "Outside actions" })
    .or(page.getByRole("list", { name: "Outside actions", exact: true }));
const rows = (page: Page) => list(page).getByRole("link");

test("a manager reads what was done, filters it, and opens one, keyboard only", async ({
  page,
  workspace,
  signIn,
  sql,
}) => {
  await act(sql, workspace);
  await signIn(page, await workspace.member("manager"));
  await page.goto(EFFECTS);
  await expect(rows(page)).toHaveCount(STATES.length);
  await expect(list(page)).toContainText("crm-unknown.test");
  await expectAccessible(page);

  await tabTo(page, page.getByRole("button", { name: "State", exact: true }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitemcheckbox", { name: "Planned" })).toBeFocused();
  for (let presses = 0; presses < STATES.indexOf("unknown"); presses += 1) await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("menuitemcheckbox", { name: "Not known" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/state=unknown/);
  await expect(rows(page)).toHaveCount(1);

  await tabTo(page, rows(page));
  await page.keyboard.press("Enter");
  const panel = page.getByRole("dialog", { name: "Outside action" });
  await expect(panel).toContainText("It is being found out; it is not sent again blindly.");
  await expect(panel).toContainText("The line was cut");
  await expect(panel.getByRole("group", { name: "Request" })).toContainText('"name": "<b>Nour</b>"');
  await expectAccessible(page);
  await page.reload();
  await expect(panel).toContainText("The line was cut");
  await tabTo(page, panel.getByRole("link", { name: "show all for it" }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/about_kind=lead&about_id=lead_0/);
  await expect(rows(page)).toHaveCount(3);
  await page.getByRole("button", { name: "Clear For" }).click();
  await expect(page).toHaveURL(/effects$/);
});

test("it says what would be here, and mends when the server does", async ({ page, workspace, signIn, watch }) => {
  watch.expectComplaint(/500/);
  await signIn(page, workspace.admin);
  const mend = await refuse(page, /\/api\/v1\/effects\?/);
  await page.goto(EFFECTS);
  await expect(page.getByRole("alert")).toContainText("Something went wrong on our side");
  await mend();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("heading", { name: "Nothing was done to other systems yet" })).toBeVisible();
  await expectAccessible(page);
  await page.goto(`${EFFECTS}?state=failed`);
  await page.getByRole("button", { name: "Clear all filters" }).click();
  await expect(page).toHaveURL(/effects$/);
});

test("who may not see it is told, and nothing is asked for", async ({ page, workspace, signIn }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await signIn(page, await workspace.member("agent"));
  await page.goto(EFFECTS);
  await expect(
    page.getByRole("heading", { name: "Your role may not see what was done to other systems" }),
  ).toBeVisible();
  await expectAccessible(page);
  expect(asked.filter((url) => url.includes("/api/v1/effects"))).toEqual([]);
});

/** One act that was sent so many minutes ago, and nobody knows whether it took place. */
async function lose(sql: (statement: string) => Promise<string>, workspace: Workspace, minutes = 20): Promise<void> {
  await sql(
    `insert into shared.effects (id, tenant_id, kind, remote, about_kind, about_id, idempotency_key, state, attempt, request, failure, planned_at, dispatched_at)
     values (gen_random_uuid(), '${uuidOf(workspace.id)}', 'crm.write_lead', 'crm.test', 'lead', 'lead_1', 'key-${minutes}', 'unknown', 1,
       '{"name": "Nour"}', 'The line was cut', now(), now() - make_interval(mins => ${minutes}))`,
  );
}

const panelOf = (page: Page) => page.getByRole("dialog", { name: "Outside action" });
const settleOf = (page: Page) => page.getByRole("dialog", { name: "What became of it?" });

test("an admin says what became of an act, keyboard only, and it stays on record", async ({
  page,
  workspace,
  signIn,
  sql,
}) => {
  await lose(sql, workspace);
  await signIn(page, workspace.admin);
  await page.goto(EFFECTS);
  await tabTo(page, rows(page));
  await page.keyboard.press("Enter");
  const panel = panelOf(page);
  await expect(panel).toContainText("The line was cut");
  await tabTo(page, panel.getByRole("button", { name: "Settle…" }));
  await page.keyboard.press("Enter");
  const dialog = settleOf(page);
  await expect(dialog).toContainText("Crm: write lead, crm.test: look there first.");
  await expectAccessible(page);
  await tabTo(page, dialog.getByRole("button", { name: "Settle" }));
  await page.keyboard.press("Enter");
  await expect(dialog.getByText("Choose what you found.")).toBeVisible();
  await expect(dialog.getByText("Fill in reason.", { exact: false })).toBeVisible();
  await expect(dialog.getByRole("radio", { name: "It took place" })).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(dialog.getByRole("radio", { name: "Give it up" })).toBeChecked();
  await page.keyboard.press("Tab");
  await page.keyboard.type("There is no such <b>lead</b>");
  await tabTo(page, dialog.getByRole("button", { name: "Settle" }));
  await page.keyboard.press("Enter");
  await expect(page.getByText("Settled the outside action", { exact: true })).toBeVisible();
  await expect(dialog).toBeHidden();
  const verdict = panel.getByLabel("How it was settled");
  await expect(verdict).toContainText("Settled by hand by Ada Admin.");
  await expect(verdict).toContainText("There is no such <b>lead</b>");
  await expect(panel.getByText("Failed", { exact: true })).toBeVisible();
  await expect(panel.getByRole("button", { name: "Settle…" })).toHaveCount(0);
  await expectAccessible(page);
  await page.goto("/settings/audit-log");
  await expect(
    page.getByRole("link", { name: /Gave up an outside action: There is no such <b>lead<\/b>/ }),
  ).toBeVisible();
});

test("what may be under way cannot be settled yet, and a manager cannot at all", async ({
  page,
  context,
  workspace,
  signIn,
  sql,
}) => {
  await lose(sql, workspace, 10);
  await signIn(page, workspace.admin);
  await page.goto(EFFECTS);
  await rows(page).click();
  await expect(panelOf(page)).toContainText("It may still be under way.");
  await expect(panelOf(page).getByRole("button", { name: "Settle…" })).toHaveCount(0);
  await expectAccessible(page);

  await lose(sql, workspace, 20);
  await context.clearCookies();
  await signIn(page, await workspace.member("manager"));
  await page.goto(EFFECTS);
  await rows(page).first().click();
  await expect(panelOf(page)).toContainText("The line was cut");
  await expect(panelOf(page).getByRole("button", { name: "Settle…" })).toHaveCount(0);
});

test("a refusal loses nothing of what was typed @any-width", async ({ page, workspace, signIn, sql, watch }) => {
  watch.expectComplaint(/500/);
  await lose(sql, workspace);
  await signIn(page, workspace.admin);
  await page.goto(EFFECTS);
  await rows(page).click();
  await panelOf(page).getByRole("button", { name: "Settle…" }).click();
  const mend = await refuse(page, /\/effects\/[^/]+\/settle$/);
  const dialog = settleOf(page);
  await dialog.getByRole("radio", { name: "It took place" }).check();
  await dialog.getByRole("textbox", { name: "Reason" }).fill("It is in the list");
  await dialog.getByRole("button", { name: "Settle" }).click();
  await expect(dialog.getByRole("alert")).toContainText("Something went wrong on our side");
  await expect(dialog.getByRole("radio", { name: "It took place" })).toBeChecked();
  await expect(dialog.getByRole("textbox", { name: "Reason" })).toHaveValue("It is in the list");
  await mend();
  await dialog.getByRole("button", { name: "Settle" }).click();
  await expect(panelOf(page).getByLabel("How it was settled")).toContainText("It is in the list");
});

test("what somebody else settles changes by itself, and is not settled twice", async ({
  page,
  workspace,
  signIn,
  sql,
  api,
  isPhone,
  watch,
}) => {
  watch.expectComplaint(/409/);
  await lose(sql, workspace);
  await signIn(page, workspace.admin);
  await page.goto(EFFECTS);
  await expectLive(page, isPhone);
  await rows(page).click();
  await panelOf(page).getByRole("button", { name: "Settle…" }).click();
  const dialog = settleOf(page);
  await dialog.getByRole("radio", { name: "Give it up" }).check();
  await dialog.getByRole("textbox", { name: "Reason" }).fill("I cannot find it");

  const admin = await api(workspace.admin);
  const { data } = await admin.GET("/effects", { params: { query: { state: "unknown" } } });
  const id = data?.items[0]?.id ?? "";
  await admin.POST("/effects/{id}/settle", {
    params: { path: { id } },
    body: { finding: "took_place", reason: "I have seen it" },
  });
  await expect(page.getByText("I have seen it")).toBeAttached();
  await expect(dialog.getByRole("textbox", { name: "Reason" })).toHaveValue("I cannot find it");
  await dialog.getByRole("button", { name: "Settle" }).click();
  await expect(dialog.getByRole("alert")).toContainText("It is known what became of this act");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(panelOf(page).getByText("Done", { exact: true })).toBeVisible();
});
