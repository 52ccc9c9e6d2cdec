/** Outside actions: the ledger of what was done to other systems. */
import type { Page } from "@playwright/test";

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
