/** Dead letters: read, filtered, replayed, discarded. */
import type { Page } from "@playwright/test";

import { expectLive } from "./harness/frame.ts";
import { tabTo } from "./harness/keyboard.ts";
import { FAULT, refuse } from "./harness/refuse.ts";
import { expect, expectAccessible, test, uuidOf, type Workspace } from "./harness/test.ts";

const LETTERS = "/system/dead-letters";

type Sql = (statement: string) => Promise<string>;
interface Some {
  count?: number;
  kind?: string;
  queue?: string;
  reason?: string;
  error?: string;
  /** How long ago the newest was given up; each next one a second before. */
  minutes?: number;
}

/** Letters that nobody works on again: there is no such queue. */
async function bury(sql: Sql, workspace: Workspace, some: Some = {}): Promise<void> {
  const { count = 1, kind = "tests.write", queue = "nobody", reason = "gave_up", minutes = 5 } = some;
  const error = some.error ?? "The CRM answers 503";
  await sql(
    `insert into system.dead_letters (id, tenant_id, queue, key, speed, kind, version, payload, errors, attempts, reason, enqueued_at, died_at)
     select gen_random_uuid(), '${uuidOf(workspace.id)}', '${queue}', 'lead/' || n, 0, '${kind}', 1,
       jsonb_build_object('lead', n, 'note', '<b>x</b>'),
       jsonb_build_array(
         jsonb_build_object('at', '2026-11-20T09:00:00Z', 'seconds', 0.25, 'error', 'A first try'),
         jsonb_build_object('at', '2026-11-20T09:05:00Z', 'seconds', 1.5, 'error', '${error}')),
       2, '${reason}', now() - interval '1 day', now() - make_interval(mins => ${minutes}, secs => n)
     from generate_series(1, ${count}) n`,
  );
}

const letter = (page: Page, name: string | RegExp) => page.getByRole("link", { name });
const list = (page: Page) =>
  page.getByRole("table", { name: "Dead letters" }).or(page.getByRole("list", { name: "Dead letters", exact: true }));

/** Everything that names a letter in the list, in the table and in the cards. */
const rows = (page: Page) => list(page).getByRole("link", { name: /^Tests: write/ });

test("none is good news, and the page says what they would be", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  await page.goto(LETTERS);
  await expect(page.getByRole("heading", { name: "No dead letters, which is good" })).toBeVisible();
  await expect(page.getByText(/given up and waits here/)).toBeVisible();
  await expect(page.getByRole("button", { name: /Replay all/ })).toHaveCount(0);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Show those that were settled" }).click();
  await expect(page.getByRole("heading", { name: "No dead letter fits" })).toBeVisible();
});

test("a letter shows its payload and every attempt, and is replayed", async ({ page, workspace, signIn, sql }) => {
  await bury(sql, workspace, { error: "The CRM answers <b>503</b>" });
  await signIn(page, workspace.admin);
  await page.goto(LETTERS);
  await expect(list(page)).toContainText("The CRM answers <b>503</b>");
  await expectAccessible(page);
  await rows(page).click();
  const panel = page.getByRole("dialog", { name: "Dead letter" });
  await expect(panel.getByRole("heading", { name: "Tests: write" })).toBeVisible();
  await expect(panel.getByLabel("Attempts")).toContainText(
    /Attempt 2.*after 1\.5 seconds.*<b>503<\/b>.*Attempt 1.*A first try/,
  );
  await expect(panel.getByRole("group", { name: "Payload" })).toContainText('"note": "<b>x</b>"');
  await expect(panel.getByRole("button", { name: "Copy key: lead/1" })).toBeVisible();
  await expectAccessible(page);

  await panel.getByRole("button", { name: "Replay…" }).click();
  const dialog = page.getByRole("dialog", { name: "Replay 1 dead letter?" });
  await expectAccessible(page);
  await dialog.getByRole("textbox", { name: "At most so many a second" }).fill("a few");
  await dialog.getByRole("button", { name: "Replay 1 dead letter" }).click();
  await expect(dialog.getByText("A rate is 0.01 to 1,000 a second.")).toBeVisible();
  await dialog.getByRole("textbox", { name: "At most so many a second" }).fill("2");
  await dialog.getByRole("button", { name: "Replay 1 dead letter" }).click();
  await expect(page.getByText("Replayed 1 dead letter", { exact: true })).toBeVisible();
  await expect(dialog).toBeHidden();
  await expect(panel.getByLabel("What became of it")).toContainText(/Replayed by Ada Admin.*The new job is/);
  await expect(panel.getByRole("button", { name: "Replay…" })).toHaveCount(0);
  await panel.getByRole("button", { name: "Close" }).click();
  await expect(page.getByRole("heading", { name: "No dead letters, which is good" })).toBeVisible();
  expect(
    await sql(
      `select count(*) from system.dead_letters where tenant_id = '${uuidOf(workspace.id)}' and replayed_at is not null`,
    ),
  ).toContain("1");
});

test("filters live in the address, and the counts lead to each kind @any-width", async ({
  page,
  workspace,
  signIn,
  sql,
}) => {
  await bury(sql, workspace, { count: 3 });
  await bury(sql, workspace, {
    count: 2,
    kind: "webhooks.deliver",
    queue: "webhooks",
    reason: "unusable_endpoint",
    minutes: 600,
  });
  await signIn(page, workspace.admin);
  await page.goto(LETTERS);
  const counts = page.getByRole("list", { name: "Open dead letters by kind" });
  await counts.getByRole("link", { name: "2 Deliver a webhook · Endpoint cannot be used" }).click();
  await expect(page).toHaveURL(/kind=webhooks\.deliver&reason=unusable_endpoint/);
  await expect(rows(page)).toHaveCount(0);
  await expect(list(page).getByRole("link", { name: /^Deliver a webhook/ })).toHaveCount(2);
  await page.reload();
  await expect(page.getByRole("button", { name: "What: Deliver a webhook (2)" })).toBeVisible();
  await page.getByRole("button", { name: "When", exact: true }).click();
  await page.getByRole("menuitemcheckbox", { name: "Last hour" }).click();
  await expect(page.getByRole("heading", { name: "No dead letter fits" })).toBeVisible();
  await page.getByRole("button", { name: "Clear all", exact: true }).click();
  await expect(page).toHaveURL(/dead-letters$/);
  await expect(rows(page)).toHaveCount(3);
  await page.getByRole("button", { name: "State", exact: true }).click();
  await page.getByRole("menuitemcheckbox", { name: "Discarded" }).click();
  await expect(page).toHaveURL(/state=discarded/);
  await expect(page.getByRole("heading", { name: "No dead letter fits" })).toBeVisible();
});

test("all that fit are replayed at a pace, and nothing else @any-width", async ({ page, workspace, signIn, sql }) => {
  await bury(sql, workspace, { count: 12 });
  await bury(sql, workspace, { count: 1, kind: "tests.other" });
  await signIn(page, workspace.admin);
  await page.goto(`${LETTERS}?kind=tests.write`);
  await page.getByRole("button", { name: "Replay all…" }).click();
  const dialog = page.getByRole("dialog", { name: "Replay 12 dead letters?" });
  await dialog.getByRole("textbox", { name: "At most so many a second" }).fill("0.1");
  await expect(dialog.getByText("The last of them begins after about 1 minute.")).toBeVisible();
  await dialog.getByRole("button", { name: "Replay 12 dead letters" }).click();
  await expect(page.getByText("Replayed 12 dead letters", { exact: true })).toBeVisible();
  await expect(page.getByRole("heading", { name: "No dead letter fits" })).toBeVisible();
  await page.goto(LETTERS);
  await expect(list(page).getByRole("link", { name: /^Tests: other/ })).toHaveCount(1);
});

test("all of the last hour are discarded, which the filter by time decides", async ({
  page,
  workspace,
  signIn,
  sql,
}) => {
  await bury(sql, workspace, { count: 2 });
  await bury(sql, workspace, { count: 2, minutes: 600 });
  await signIn(page, workspace.admin);
  await page.goto(`${LETTERS}?since=1h`);
  await expect(rows(page)).toHaveCount(2);
  await page.getByRole("button", { name: "Discard all…" }).click();
  const dialog = page.getByRole("dialog", { name: "Discard 2 dead letters?" });
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Discard 2 dead letters" }).click();
  await expect(dialog.getByText("Fill in reason.", { exact: false })).toBeVisible();
  await dialog.getByRole("textbox", { name: "Reason" }).fill("They were a test");
  await dialog.getByRole("button", { name: "Discard 2 dead letters" }).click();
  await expect(page.getByText("Discarded 2 dead letters", { exact: true })).toBeVisible();
  await page.goto(`${LETTERS}?state=any`);
  await expect(rows(page)).toHaveCount(4);
  await expect(list(page).getByText("Discarded", { exact: true })).toHaveCount(2);
  await rows(page).first().click();
  await expect(page.getByRole("dialog", { name: "Dead letter" }).getByLabel("What became of it")).toContainText(
    "They were a test",
  );
  await page.goto("/settings/audit-log");
  await expect(letter(page, /Discarded 2 dead letters: They were a test/)).toBeVisible();
});

test("picked ones are replayed with the keyboard only", async ({ page, workspace, signIn, sql, isPhone }) => {
  await bury(sql, workspace, { count: 3 });
  await signIn(page, workspace.admin);
  await page.goto(LETTERS);
  if (isPhone) {
    for (const nth of [0, 1]) {
      await tabTo(page, list(page).getByRole("button", { name: "More" }).nth(nth));
      await page.keyboard.press("Enter");
      await expect(page.getByRole("menuitem", { name: "Pick or leave out" })).toBeFocused();
      await page.keyboard.press("Enter");
      await expect(page.getByText(`${nth + 1} picked`)).toBeVisible();
    }
  } else {
    await tabTo(page, rows(page).first());
    await page.keyboard.press("x");
    await page.keyboard.press("j");
    await expect(rows(page).nth(1)).toBeFocused();
    await page.keyboard.press("x");
    await expect(page.getByRole("checkbox", { name: "Pick Tests: write lead/2" })).toBeChecked();
  }
  await expect(page.getByText("2 picked")).toBeVisible();
  await expectAccessible(page);
  await tabTo(page, page.getByRole("button", { name: "Replay picked…" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("textbox", { name: "At most so many a second" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByText("Replayed 2 dead letters", { exact: true })).toBeVisible();
  await expect(rows(page)).toHaveCount(1);
  await expect(page.getByText(/picked$/)).toHaveCount(0);
});

test("a refusal loses nothing of what was typed @any-width", async ({ page, workspace, signIn, sql, watch }) => {
  watch.expectComplaint(/500/);
  await bury(sql, workspace);
  await signIn(page, workspace.admin);
  await page.goto(LETTERS);
  const mend = await refuse(page, /\/dead-letters\/discard$/, FAULT);
  await page.getByRole("button", { name: "Discard all…" }).click();
  const dialog = page.getByRole("dialog", { name: "Discard 1 dead letter?" });
  await dialog.getByRole("textbox", { name: "Reason" }).fill("Nobody waits for it");
  await dialog.getByRole("button", { name: "Discard 1 dead letter" }).click();
  await expect(dialog.getByRole("alert")).toContainText("Something went wrong on our side");
  await expect(dialog.getByRole("textbox", { name: "Reason" })).toHaveValue("Nobody waits for it");
  await mend();
  await dialog.getByRole("button", { name: "Discard 1 dead letter" }).click();
  await expect(page.getByText("Discarded 1 dead letter", { exact: true })).toBeVisible();
});

test("what another tab has replayed cannot be replayed twice @any-width", async ({
  page,
  context,
  workspace,
  signIn,
  sql,
  watch,
}) => {
  watch.expectComplaint(/409/);
  await bury(sql, workspace, { count: 2 });
  await signIn(page, workspace.admin);
  await page.goto(LETTERS);
  await expect(rows(page)).toHaveCount(2);
  await rows(page).first().click();
  const panel = page.getByRole("dialog", { name: "Dead letter" });
  await panel.getByRole("button", { name: "Replay…" }).click();
  const dialog = page.getByRole("dialog", { name: "Replay 1 dead letter?" });
  await dialog.getByRole("textbox", { name: "At most so many a second" }).fill("3");

  const other = await context.newPage();
  await other.goto(LETTERS);
  await other.getByRole("button", { name: "Replay all…" }).click();
  await other.getByRole("button", { name: "Replay 2 dead letters" }).click();
  await expect(other.getByText("Replayed 2 dead letters", { exact: true })).toBeVisible();
  await other.close();

  await dialog.getByRole("button", { name: "Replay 1 dead letter" }).click();
  await expect(dialog.getByRole("alert")).toContainText("None of these is open");
  await expect(dialog.getByRole("textbox", { name: "At most so many a second" })).toHaveValue("3");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(panel.getByLabel("What became of it")).toContainText("Replayed by Ada Admin");
  const [jobs] = (
    await sql(
      `select count(*) from system.dead_letters where replayed_as is not null and tenant_id = '${uuidOf(workspace.id)}'`,
    )
  ).split("\n");
  expect(jobs).toBe("2");
});

test("what others settle disappears by itself", async ({ page, workspace, signIn, sql, api, isPhone }) => {
  await bury(sql, workspace, { count: 2 });
  await signIn(page, workspace.admin);
  await page.goto(LETTERS);
  await expect(rows(page)).toHaveCount(2);
  const admin = await api(workspace.admin);
  await expectLive(page, isPhone);
  await admin.POST("/dead-letters/replay", { body: { select: { kind: "tests.write" } } });
  await expect(page.getByRole("heading", { name: "No dead letters, which is good" })).toBeVisible();
});

test("a manager reads and cannot settle, an agent is told who may", async ({
  page,
  workspace,
  signIn,
  sql,
  context,
}) => {
  await bury(sql, workspace);
  const max = await workspace.member("manager");
  await signIn(page, max);
  await page.goto(LETTERS);
  await expect(rows(page)).toHaveCount(1);
  await expect(page.getByRole("button", { name: /Replay|Discard/ })).toHaveCount(0);
  await expect(list(page).getByRole("button", { name: "More" })).toHaveCount(0);
  await rows(page).click();
  const panel = page.getByRole("dialog", { name: "Dead letter" });
  await expect(panel.getByLabel("Attempts")).toContainText("The CRM answers 503");
  await expect(panel.getByRole("button", { name: /Replay|Discard/ })).toHaveCount(0);

  const amir = await workspace.member("agent");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await context.clearCookies();
  await signIn(page, amir);
  asked.length = 0;
  await page.goto(LETTERS);
  await expect(page.getByRole("heading", { name: "Your role may not see dead letters" })).toBeVisible();
  await expectAccessible(page);
  expect(asked.filter((url) => url.includes("/api/v1/dead-letters"))).toEqual([]);
});
