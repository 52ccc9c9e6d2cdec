/** How the system is, and the demo's mail. */
import { dataOf } from "@socialai/api-client";
import type { Page } from "@playwright/test";

import { tabTo } from "./harness/keyboard.ts";
import { refuse } from "./harness/refuse.ts";
import { expect, expectAccessible, test, uuidOf } from "./harness/test.ts";

const HEALTH = /\/api\/v1\/system\/health$/;

/** The row of a part. */
const part = (page: Page, name: string) =>
  page
    .getByRole("list", { name: "Parts" })
    .getByRole("listitem")
    .filter({ has: page.getByRole("heading", { name }) });

const answer = (parts: { name: string; works: boolean; detail: string }[]) => ({
  ready: parts.every(({ works }) => works),
  version: "0.1.0",
  parts,
});

test("a manager sees that every part works, and since when", async ({ page, workspace, signIn }) => {
  const max = await workspace.member("manager");
  await signIn(page, max);
  await page.goto("/system");
  await expect(page.getByRole("status").filter({ hasText: "Everything works" })).toBeVisible();
  await expect(part(page, "Server")).toContainText(/It answers\. Version \d+\.\d+/);
  await expect(part(page, "Database")).toContainText("Works");
  await expect(part(page, "Live updates")).toContainText("Changes appear by themselves.");
  await expect(page.getByText(/^Last checked/)).toBeVisible();
  await expectAccessible(page);
  // The outbox is for those who may invite.
  await expect(page.getByRole("link", { name: "Outbox" })).toHaveCount(0);
});

test("it looks again by itself, and says what to do about a part that fails @any-width", async ({
  page,
  workspace,
  signIn,
}) => {
  const max = await workspace.member("manager");
  await page.clock.install();
  await signIn(page, max);
  await page.goto("/system");
  await expect(part(page, "Database")).toContainText("Works");
  const redis = {
    name: "redis",
    works: false,
    detail: "It does not answer; limits are kept in each process meanwhile.",
  };
  await page.route(HEALTH, (route) => route.fulfill({ json: answer([redis]) }));
  await page.clock.fastForward(16_000);
  await expect(part(page, "Redis")).toContainText("Needs attention");
  await expect(part(page, "Redis")).toContainText("limits are kept in each process meanwhile");
  await expect(page.getByRole("status").filter({ hasText: /parts? needs? attention/ })).toBeVisible();
});

test("without its database the server still tells what it knows", async ({ page, workspace, signIn }) => {
  const max = await workspace.member("manager");
  await signIn(page, max);
  const problem = { type: "about:blank", title: "Not available", status: 503, code: "unavailable", detail: "…" };
  const database = { name: "database", works: false, detail: "It does not answer: check that PostgreSQL runs." };
  await page.route(HEALTH, (route) =>
    route.fulfill({ status: 503, contentType: "application/problem+json", json: problem }),
  );
  await page.route(/\/ready$/, (route) => route.fulfill({ status: 503, json: answer([database]) }));
  await page.goto("/system");
  await expect(part(page, "Server")).toContainText("It answers.");
  await expect(part(page, "Database")).toContainText("check that PostgreSQL runs");
  await expect(part(page, "Database")).toContainText("Needs attention");
  await expectAccessible(page);
});

test("a server that is gone leaves what was known, and claims no more", async ({ page, workspace, signIn }) => {
  const max = await workspace.member("manager");
  await signIn(page, max);
  await page.goto("/system");
  await expect(part(page, "Database")).toContainText("Works");
  await page.route(HEALTH, (route) => route.abort());
  await page.route(/\/ready$/, (route) => route.abort());
  await page.getByRole("button", { name: "Check now" }).click();
  await expect(part(page, "Server")).toContainText("Needs attention");
  await expect(part(page, "Server")).toContainText("Check your connection and try again.");
  await expect(part(page, "Database")).toContainText("Unknown");
  await expect(part(page, "Database")).toContainText("When last asked: It answers");
  await expectAccessible(page);
  await page.unroute(HEALTH);
  await page.getByRole("button", { name: "Check now" }).click();
  await expect(part(page, "Server")).toContainText("Works");
});

/** The row of what the event engine does. */
const work = (page: Page, name: string) =>
  page
    .getByRole("list", { name: "Work" })
    .getByRole("listitem")
    .filter({ has: page.getByRole("heading", { name }) });

const WORKER = { host: "north", version: "0.1.0", queues: ["webhooks"], started_at: "2026-11-21T09:00:00Z" };

test("a manager sees who works, and that nothing was given up", async ({ page, workspace, signIn }) => {
  await signIn(page, await workspace.member("manager"));
  await page.goto("/system");
  await expect(work(page, "Workers")).toContainText(/process(es)? works?\./);
  await expect(work(page, "Workers")).toContainText(/last heard of/);
  await expect(work(page, "Outside systems")).toContainText("None is left alone.");
  await expect(work(page, "Dead letters")).toContainText("No job was given up.");
  await expectAccessible(page);
});

test("work that is stuck says what to do, and is looked at again by itself", async ({
  page,
  workspace,
  signIn,
  sql,
}) => {
  await sql(
    `insert into system.dead_letters (id, tenant_id, queue, key, speed, kind, version, payload, errors, attempts, reason, enqueued_at)
     values (gen_random_uuid(), '${uuidOf(workspace.id)}', 'nobody', 'k', 0, 'tests.write', 1, '{}', '[]', 1, 'gave_up', now())`,
  );
  const calm = {
    queues: [],
    workers: [{ ...WORKER, silent_seconds: 0.2 }],
    facts_lag: 0,
    installation_dead_letters: 0,
    circuits: [],
  };
  const stuck = {
    queues: [{ queue: "crm", jobs: 1200, retrying: 3, oldest_seconds: 7300 }],
    workers: [{ ...WORKER, silent_seconds: 95 }],
    facts_lag: 10_000,
    installation_dead_letters: 0,
    circuits: [{ remote: "crm.acme.test", state: "open", failures: 5, opened_at: "2026-11-21T09:00:00Z" }],
  };
  let answered: object = calm;
  await page.route(/\/api\/v1\/system\/work$/, (route) => route.fulfill({ json: answered }));
  await page.clock.install();
  await signIn(page, await workspace.member("manager"));
  await page.goto("/system");
  await expect(work(page, "Queues")).toContainText("Nothing waits.");
  answered = stuck;
  await page.clock.fastForward(6000);
  await expect(work(page, "Queues")).toContainText("Nobody works on CRM: start a process with that role.");
  await expect(work(page, "Queues")).toContainText("CRM: 1,200 wait, 3 for the next attempt, the oldest for 2 hours.");
  await expect(work(page, "Workers")).toContainText("No process works");
  await expect(work(page, "Events")).toContainText("10,000 or more events are not passed on yet");
  await expect(work(page, "Outside systems")).toContainText(/crm\.acme\.test is left alone.* after 5 failures/);
  await expect(page.getByRole("status").filter({ hasText: "Work: 5 things need attention" })).toBeVisible();
  await expectAccessible(page);
  await work(page, "Dead letters").getByRole("link", { name: "Show dead letters" }).click();
  await expect(page).toHaveURL(/\/system\/dead-letters$/);
});

test("when work cannot be asked about, the rest stands @any-width", async ({ page, workspace, signIn, watch }) => {
  watch.expectComplaint(/500/);
  await signIn(page, await workspace.member("manager"));
  const mend = await refuse(page, /\/api\/v1\/system\/work$/);
  await page.goto("/system");
  await expect(part(page, "Server")).toContainText("Works");
  await expect(page.getByRole("alert")).toContainText("How work is done cannot be asked");
  await mend();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(work(page, "Workers")).toBeVisible();
});

test("who may not see it is told, and nothing is asked for", async ({ page, workspace, signIn }) => {
  const amir = await workspace.member("agent");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await signIn(page, amir);
  await page.goto("/system");
  await expect(page.getByRole("heading", { name: "Your role may not see the health of the system" })).toBeVisible();
  await expectAccessible(page);
  expect(asked.filter((url) => HEALTH.test(url))).toEqual([]);
});

test("an admin reads the demo's mail and follows its link, keyboard only", async ({
  page,
  context,
  workspace,
  signIn,
  api,
  program,
}) => {
  const admin = await api(workspace.admin);
  await signIn(page, workspace.admin);
  const name = "Nour نور <b>x</b>";
  await dataOf(admin.POST("/invitations", { body: { email: "nour@harbour.test", name, role: "agent" } }));
  await page.goto("/system");
  await tabTo(page, page.getByRole("link", { name: "Outbox" }));
  await page.keyboard.press("Enter");
  const mail = page.getByRole("list", { name: "Mails" }).getByRole("listitem").filter({ hasText: "nour@harbour.test" });
  await expect(mail).toBeVisible();
  await tabTo(page, mail.getByRole("link"));
  await page.keyboard.press("Enter");
  const letter = page.getByRole("article", { name: "You are invited to SocialAI Hub" });
  await expect(letter).toContainText(`Hello ${name}`);
  await expectAccessible(page);

  const link = letter.getByRole("link", { name: /\/invitation/ });
  await expect(link).toHaveAttribute("href", new RegExp(`^${program.url.replace(/\W/g, "\\$&")}/invitation`));
  const opened = context.waitForEvent("page");
  await tabTo(page, link);
  await page.keyboard.press("Enter");
  await expect(await opened).toHaveURL(/\/invitation/);
});

test("an outbox without mail says what it is for", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  await page.goto("/system/outbox");
  await expect(page.getByRole("heading", { name: "No mail yet" })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "Go to invitations" }).click();
  await expect(page).toHaveURL(/\/settings\/users\/invitations$/);
});

test("elsewhere than in the demo the outbox explains itself", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  const problem = {
    type: "/docs/problems#not_found",
    title: "Not found",
    status: 404,
    code: "not_found",
    detail: "Only the demo keeps an outbox.",
  };
  await page.route(/\/api\/v1\/system\/outbox$/, (route) =>
    route.fulfill({ status: 404, contentType: "application/problem+json", json: problem }),
  );
  await page.goto("/system/outbox");
  await expect(page.getByRole("heading", { name: "There is no outbox here" })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "Show the system’s health" }).click();
  await expect(part(page, "Server")).toBeVisible();
});
