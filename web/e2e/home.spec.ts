/** Where everybody begins. */
import { dataOf } from "@socialai/api-client";
import type { Page } from "@playwright/test";
import { generateSync } from "otplib";

import { tabTo } from "./harness/keyboard.ts";
import { FAULT, refuse } from "./harness/refuse.ts";
import { expect, expectAccessible, test } from "./harness/test.ts";

const steps = (page: Page) => page.getByRole("list", { name: "First steps" });
const step = (page: Page, title: string) =>
  steps(page)
    .getByRole("listitem")
    .filter({ has: page.getByRole("heading", { name: title }) });

const SECOND_FACTOR = "Protect your account with a second factor";
const COLLEAGUE = "Invite a colleague";
const API_KEY = "Make an API key";
const SSO = "Let people in through your identity provider";

const SSO_SETTINGS = {
  enabled: true,
  issuer: "https://id.example.test",
  client_id: "hub",
  creates_users: false,
  role_map: {},
};

test("the first steps tick themselves while the page is looked at, and are put away when all are done", async ({
  page,
  workspace,
  signIn,
  api,
}) => {
  const admin = await api(workspace.admin);
  await signIn(page, workspace.admin);
  await page.goto("/");
  await expect(page.getByRole("heading", { name: /^Good (morning|afternoon|evening), Ada Admin$/ })).toBeVisible();
  await expect(step(page, SECOND_FACTOR)).toContainText("Done");
  for (const title of [COLLEAGUE, API_KEY, SSO]) await expect(step(page, title)).toContainText("To do");
  await expect(page.getByText("1 of 4")).toBeVisible();
  await expectAccessible(page);

  // Somebody else does it, elsewhere.
  await expect(latest(page).first()).toContainText("Logged in");
  await dataOf(admin.POST("/api-keys", { body: { name: "CRM", scopes: ["users:read"] } }));
  await expect(step(page, API_KEY)).toContainText("Done");
  await expect(page.getByRole("status").filter({ hasText: `Done: ${API_KEY}.` })).toBeAttached();
  await expect(latest(page).first()).toContainText("Created an API key");

  await dataOf(admin.POST("/invitations", { body: { email: "new@harbour.test", name: "N", role: "agent" } }));
  await expect(step(page, COLLEAGUE)).toContainText("Done");
  await expect(page.getByRole("button", { name: /put this away/ })).toHaveCount(0);
  await dataOf(admin.PUT("/sso", { body: { settings: SSO_SETTINGS } }));
  await expect(step(page, SSO)).toContainText("Done");
  await expect(page.getByText("4 of 4")).toBeVisible();
  await expectAccessible(page);

  await page.getByRole("button", { name: "All done, put this away" }).click();
  await expect(steps(page)).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole("heading", { name: "What happened lately" })).toBeVisible();
  await expect(latest(page)).toHaveCount(5);
  await expect(steps(page)).toHaveCount(0);
});

test("everybody sees their own steps only, and no log that is not theirs to read", async ({
  page,
  workspace,
  signIn,
}) => {
  const vera = await workspace.member("viewer", { name: 'שלום <i onclick="x">Vera</i> 🧑‍💻' });
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await signIn(page, vera);
  await page.goto("/");
  await expect(page.getByRole("heading", { name: 'שלום <i onclick="x">Vera</i> 🧑‍💻' })).toBeVisible();
  await expect(steps(page).getByRole("listitem")).toHaveCount(1);
  await expect(step(page, SECOND_FACTOR)).toContainText("To do");
  await expect(page.getByRole("heading", { name: "What happened lately" })).toHaveCount(0);
  await expectAccessible(page);
  expect(asked.filter((url) => url.includes("/audit-log"))).toEqual([]);
});

test("a step of one's own ticks when it is taken on another device @any-width", async ({
  page,
  workspace,
  signIn,
  api,
}) => {
  const vera = await workspace.member("viewer");
  const elsewhere = await api(vera);
  await signIn(page, vera);
  await page.goto("/");
  await expect(step(page, SECOND_FACTOR)).toContainText("To do");
  const started = await dataOf(elsewhere.POST("/me/totp/start", { body: {} }));
  const code = generateSync({ secret: started.secret });
  await dataOf(elsewhere.POST("/me/totp/confirm", { body: { enrolment: started.enrolment, code } }));
  await expect(step(page, SECOND_FACTOR)).toContainText("Done");
});

test("steps and entries lead to where they belong, keyboard only", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  await page.goto("/");
  await tabTo(page, page.getByRole("link", { name: "Make a key" }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/settings\/api-keys$/);
  await page.goBack();
  await tabTo(
    page,
    latest(page)
      .first()
      .getByRole("link", { name: /Logged in/ }),
  );
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/settings\/audit-log\?entry=\d+$/);
  await expect(page.getByRole("dialog").getByRole("heading", { name: /Logged in/ })).toBeVisible();
});

test("what fails is said where it belongs, the rest is there", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  const mend = await refuse(page, /\/api\/v1\/tenant\/checklist$/);
  await page.goto("/");
  const region = page.getByRole("region", { name: "First steps" });
  await expect(region.getByRole("alert")).toContainText(FAULT.title);
  await expect(latest(page).first()).toContainText("Logged in");
  await expectAccessible(page);
  await mend();
  await region.getByRole("button", { name: "Try again" }).click();
  await expect(step(page, COLLEAGUE)).toBeVisible();
});

const latest = (page: Page) => page.getByRole("list", { name: "Latest entries" }).getByRole("listitem");
