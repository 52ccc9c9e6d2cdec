/** Single sign-on with a real identity provider: setting it up, testing it, logging in through it. */
import type { Page } from "@playwright/test";

import { tabTo } from "./harness/keyboard.ts";
import { expect, expectAccessible, test, type Workspace } from "./harness/test.ts";

const ROLE = "https://hub.example.com/role";
const CLAIMS = {
  lena: { email: "lena@sso.test", name: "Lena <b>Lead</b>", [ROLE]: ["Lead"] },
  ivan: { email: "ivan@sso.test", name: "Ivan Intern", [ROLE]: ["Intern"] },
};

/** Through the provider's own pages: log-in, then consent. */
async function logInAtProvider(page: Page, login: string): Promise<void> {
  await page.getByPlaceholder("Enter any login").fill(login);
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
}

interface Provider {
  issuer: string;
  clientId: string;
  clientSecret: string;
}

async function fillIn(page: Page, provider: Provider): Promise<void> {
  await page.getByRole("textbox", { name: "Issuer" }).fill(provider.issuer);
  await page.getByRole("textbox", { name: "Client id" }).fill(provider.clientId);
  await page.getByLabel("Client secret").fill(provider.clientSecret);
  await page.getByRole("switch", { name: /^Make a user/ }).check();
  await page.getByRole("textbox", { name: "Role claim" }).fill(ROLE);
  await page.getByRole("button", { name: "Add a value" }).click();
  const first = page.getByRole("group", { name: "Value 1" });
  await first.getByRole("textbox", { name: "Value" }).fill("Lead");
  await first.getByRole("combobox", { name: "Role here" }).click();
  await page.getByRole("option", { name: "Manager" }).click();
  await page.getByRole("button", { name: "Save settings" }).click();
  await expect(page.getByText("Single sign-on saved")).toBeVisible();
}

/** A test log-in as this account; answers with the tab that came back. */
async function testLogIn(page: Page, login: string): Promise<Page> {
  const [tab] = await Promise.all([
    page.context().waitForEvent("page"),
    page.getByRole("button", { name: "Test log-in" }).click(),
  ]);
  // Who has logged in at the provider once is known there.
  await expect(
    tab.getByPlaceholder("Enter any login").or(tab.getByRole("dialog", { name: "Test log-in" })),
  ).toBeVisible();
  if (await tab.getByPlaceholder("Enter any login").isVisible()) await logInAtProvider(tab, login);
  await expect(tab.getByRole("dialog", { name: "Test log-in" })).toBeVisible();
  return tab;
}

const logInPath = ({ slug }: Workspace) => `/api/v1/auth/sso/${slug}/start`;

test("an admin sets it up, tests a log-in without being logged out, and turns it on", async ({
  page,
  browser,
  program,
  workspace,
  signIn,
  identityProvider,
}) => {
  const provider = await identityProvider(CLAIMS);
  await signIn(page, workspace.admin);
  await page.goto("/settings/sso");
  await expect(page.getByRole("region", { name: "Not set up yet" })).toContainText("/api/v1/auth/sso/callback");
  await expectAccessible(page);
  await fillIn(page, provider);
  await expect(page.getByLabel("Client secret")).toHaveValue("");
  await expect(page.getByLabel("Client secret")).toHaveAccessibleDescription(/A secret is stored/);
  const status = page.getByRole("region", { name: "Nobody can log in this way yet" });
  await status.getByRole("button", { name: "Test connection" }).click();
  await expect(status.getByText("The identity provider answered as it should.")).toBeVisible();
  await expectAccessible(page);

  const tab = await testLogIn(page, "lena");
  for (const shown of [tab, page]) {
    const finding = shown.getByRole("dialog", { name: "Test log-in" });
    await expect(finding).toContainText("It works");
    await expect(finding).toContainText("lena@sso.test");
    await expect(finding).toContainText("Manager, from the claims");
    await expect(finding.getByRole("group", { name: "What the identity provider said" })).toContainText('"Lead"');
  }
  await expectAccessible(tab);
  await expect(tab).toHaveURL("/settings/sso");
  await tab.close();
  await page.getByRole("button", { name: "Done" }).click();
  // Still the admin, and nobody was made a user.
  await page.reload();
  await expect(page.getByRole("textbox", { name: "Issuer" })).toHaveValue(provider.issuer);
  await page.goto("/settings/users");
  await expect(page.getByText("Ada Admin").first()).toBeVisible();
  await expect(page.getByText("lena@sso.test")).toHaveCount(0);

  await page.goto("/settings/sso");
  await page.getByRole("button", { name: "Turn on" }).click();
  await expect(page.getByRole("heading", { name: "People can log in this way" })).toBeVisible();

  const theirs = await browser.newContext({ baseURL: program.url });
  const lena = await theirs.newPage();
  await lena.goto(`${program.url}${logInPath(workspace)}?return_to=/settings/security`);
  await logInAtProvider(lena, "lena");
  await expect(lena.getByRole("heading", { name: "You logged in by single sign-on" })).toBeVisible();
  await expectAccessible(lena);
  await lena.goto("/settings/sessions");
  await expect(lena.getByRole("list", { name: "Sessions" })).toContainText("Single sign-on");
  await theirs.close();
});

test("a test log-in says why somebody would not get in", async ({ page, workspace, signIn, identityProvider }) => {
  const provider = await identityProvider(CLAIMS);
  await signIn(page, workspace.admin);
  await page.goto("/settings/sso");
  await fillIn(page, provider);
  const tab = await testLogIn(page, "ivan");
  const finding = page.getByRole("dialog", { name: "Test log-in" });
  await expect(finding).toContainText("This person would not get in");
  await expect(finding).toContainText("not mapped to a role here");
  await expect(finding).toContainText('"Intern"');
  await expectAccessible(page);
  await tab.close();
  await page.getByRole("button", { name: "Done" }).click();

  // A slash too much is another issuer: the secret does not go there, and the test says what is wrong.
  await page.getByRole("textbox", { name: "Issuer" }).fill(`${provider.issuer}/`);
  await expect(page.getByLabel("Client secret")).toHaveAccessibleDescription(
    /belongs to the issuer and client of before/,
  );
  await page.getByLabel("Client secret").fill(provider.clientSecret);
  await page.getByRole("button", { name: "Save settings" }).click();
  await expect(page.getByText("Not saved yet")).toHaveCount(0);
  await page.getByRole("button", { name: "Test connection" }).click();
  await expect(page.getByText(/calls itself/)).toBeVisible();
  await expectAccessible(page);
  const [lost] = await Promise.all([
    page.context().waitForEvent("page"),
    page.getByRole("button", { name: "Test log-in" }).click(),
  ]);
  await expect(page.getByRole("alert")).toContainText("The identity provider did not answer as it should");
  await expect.poll(() => lost.isClosed()).toBe(true);
});

test("wrong settings are refused at their fields and nothing typed is lost", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  await page.goto("/settings/sso");
  const issuer = page.getByRole("textbox", { name: "Issuer" });
  await issuer.fill("acme.auth0.com");
  await page.getByRole("textbox", { name: "Scopes" }).fill("email");
  await page.getByRole("textbox", { name: "Organisation claim" }).fill("org_id");
  for (const index of [1, 2]) {
    await page.getByRole("button", { name: "Add a value" }).click();
    const row = page.getByRole("group", { name: `Value ${index}` });
    await row.getByRole("textbox", { name: "Value" }).fill("Sales");
  }
  await page.getByRole("button", { name: "Save settings" }).click();
  await expect(issuer).toBeFocused();
  await expect(issuer).toHaveAccessibleDescription(/The issuer is an https address/);
  await expect(page.getByText("Fill in Client id.")).toBeVisible();
  await expect(page.getByText("“openid” must be among the scopes.")).toBeVisible();
  await expect(page.getByText("Set the claim and its value together.")).toBeVisible();
  await expect(page.getByText("This value is listed above already.")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Remove value 2" }).click();
  await expect(page.getByRole("group", { name: "Value 2" })).toHaveCount(0);

  await page.getByRole("textbox", { name: "Scopes" }).press("Tab");
  await page.getByRole("link", { name: "Settings" }).first().click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(issuer).toHaveValue("acme.auth0.com");
  await page.getByRole("button", { name: "Discard changes" }).click();
  await expect(issuer).toHaveValue("");
});

test("it is turned on and off with a way back, and removed, by the keyboard alone", async ({
  page,
  workspace,
  signIn,
  api,
  identityProvider,
}) => {
  const { issuer, clientId } = await identityProvider();
  const admin = await api(workspace.admin);
  await admin.PUT("/sso", { body: { settings: { enabled: false, issuer, client_id: clientId } } });
  await signIn(page, workspace.admin);
  await page.goto("/settings/sso");
  await page.getByRole("button", { name: "Turn on" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "People can log in this way" })).toBeVisible();
  await page.keyboard.press("F6");
  await tabTo(page, page.getByRole("button", { name: "Undo" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Nobody can log in this way yet" })).toBeVisible();

  await page.getByRole("button", { name: "Remove…" }).focus();
  await page.keyboard.press("Enter");
  const question = page.getByRole("alertdialog", { name: "Remove single sign-on?" });
  await expect(question).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Remove…" })).toBeFocused();
  await page.keyboard.press("Enter");
  await question.getByRole("button", { name: "Remove single sign-on" }).press("Enter");
  await expect(page.getByRole("heading", { name: "Not set up yet" })).toBeVisible();
  expect((await admin.GET("/sso")).response.status).toBe(404);
});

test("who may not see it is told whom to ask, and nothing is asked of the server", async ({
  page,
  workspace,
  signIn,
}) => {
  await signIn(page, await workspace.member("manager"));
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.goto("/settings/sso");
  await expect(page.getByRole("heading", { name: "Your role may not see the single sign-on settings" })).toBeVisible();
  expect(asked).not.toContain("/api/v1/sso");
  await expectAccessible(page);
});
