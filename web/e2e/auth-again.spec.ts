/** A session that is over while somebody works: the dialog over the page. */
import type { Page } from "@playwright/test";
import { type ApiClient, dataOf } from "@socialai/api-client";

import { expect, expectAccessible, test, type Person } from "./harness/test.ts";

const dialog = (page: Page) => page.getByRole("dialog", { name: "Log in again" });

/** A page with something typed on it, whose session an admin has ended. */
async function beginToType(page: Page, person: Person, end: () => Promise<unknown>): Promise<void> {
  await page.goto("/settings/profile");
  await page.getByRole("textbox", { name: "Name" }).fill("Half a na");
  await end();
  // The next thing that the page asks of the server finds out.
  await page.getByRole("textbox", { name: "Name" }).press("Enter");
  await expect(dialog(page)).toBeVisible();
  await expect(dialog(page).getByRole("textbox", { name: "E-mail" })).toHaveValue(person.email);
}

test("the same person logs in again and goes on where they were", async ({
  page,
  workspace,
  signIn,
  api,
  totpCode,
}) => {
  const { admin } = workspace;
  await signIn(page, admin);
  const client = await api(admin);
  await beginToType(page, admin, () =>
    dataOf(client.DELETE("/users/{id}/sessions", { params: { path: { id: admin.id } } })),
  );
  await expect(dialog(page)).toContainText("Your session is over");
  await expectAccessible(page);

  await page.keyboard.press("Escape");
  await expect(dialog(page)).toBeVisible();
  const password = dialog(page).getByRole("textbox", { name: "Password" });
  await password.fill("not this one");
  await password.press("Enter");
  await expect(password).toHaveAccessibleDescription("E-mail or password is wrong.");
  await password.fill(admin.password);
  await password.press("Enter");
  const second = page.getByRole("dialog", { name: "Confirm that it is you" });
  await expectAccessible(page);
  await second.getByRole("textbox", { name: "Code from your authenticator app" }).fill(await totpCode(admin));

  // What waited has gone out: nobody had to press anything again.
  await expect(page.getByText("Name changed")).toBeVisible();
  await expect(dialog(page)).toHaveCount(0);
  await expect(page.getByRole("textbox", { name: "Name" })).toHaveValue("Half a na");
});

test("leaving instead says why, and comes back to the same page @any-width", async ({
  page,
  workspace,
  signIn,
  api,
}) => {
  const rita = await workspace.member("sales_rep");
  await signIn(page, rita);
  const admin = await api(workspace.admin);
  await beginToType(page, rita, () => endSessions(admin, rita));
  await dialog(page).getByRole("button", { name: "Log out instead" }).click();
  await expect(page).toHaveURL(/\/login\?next=%2Fsettings%2Fprofile&error=session_ended/);
  await expect(page.getByText("Your session is over")).toBeVisible();
  await page.getByRole("textbox", { name: "E-mail" }).fill(rita.email);
  await page.getByRole("textbox", { name: "Password" }).fill(rita.password);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
  await expect(page).toHaveURL("/settings/profile");
});

test("somebody else gets a page of their own, and nothing goes out in their name", async ({
  page,
  workspace,
  signIn,
  api,
}) => {
  const rita = await workspace.member("sales_rep");
  const max = await workspace.member("manager");
  await signIn(page, rita);
  const admin = await api(workspace.admin);
  await beginToType(page, rita, () => endSessions(admin, rita));
  // Max logs in with what belongs to the dialog of Rita: the page passes the answer on as it comes.
  await page.route("**/auth/login", (route) => {
    const { email: _, ...rest } = route.request().postDataJSON();
    return route.continue({ postData: { ...rest, email: max.email } });
  });
  await dialog(page).getByRole("textbox", { name: "Password" }).fill(max.password);
  await dialog(page).getByRole("button", { name: "Log in", exact: true }).click();
  const other = page.getByRole("dialog", { name: "That is somebody else" });
  await expect(other).toContainText(`You logged in as ${max.email}`);
  await expectAccessible(page);
  await other.getByRole("button", { name: "Go on as Max Manager" }).click();
  await expect(page).toHaveURL("/");
  await expect(other).toHaveCount(0);
  await page.goto("/settings/profile");
  await expect(page.getByRole("textbox", { name: "Name" })).toHaveValue("Max Manager");
});

test("single sign-on happens in another tab, and this one goes on", async ({
  page,
  context,
  workspace,
  api,
  identityProvider,
}) => {
  const provider = await identityProvider();
  const admin = await api(workspace.admin);
  const { issuer, clientId, clientSecret } = provider;
  const settings = { enabled: true, issuer, client_id: clientId, default_role: "agent" as const, creates_users: true };
  await dataOf(admin.PUT("/sso", { body: { client_secret: clientSecret, settings } }));
  await page.goto(`/login?tenant=${workspace.slug}&next=/settings/profile`);
  await page.getByRole("button", { name: /with your company’s account/ }).click();
  await throughProvider(page, "nina");
  await expect(page).toHaveURL("/settings/profile");
  const { items } = await dataOf(admin.GET("/users", { params: { query: { search: "nina@example.com" } } }));
  const nina = items[0];
  if (!nina) throw new Error("Nina has no user.");
  await page.getByRole("textbox", { name: "Name" }).fill("Half a na");
  await endSessions(admin, nina);
  await page.getByRole("textbox", { name: "Name" }).press("Enter");
  await expect(dialog(page)).toBeVisible();

  const opening = context.waitForEvent("page");
  await dialog(page)
    .getByRole("link", { name: /Use single sign-on/ })
    .click();
  const tab = await opening;
  // The provider remembers her; it may not even ask.
  await expect(tab.getByRole("heading", { name: "You are logged in again" })).toBeVisible();
  await expectAccessible(tab);
  // What waited has gone out: nobody had to press anything again.
  await expect(page.getByText("Name changed")).toBeVisible();
  await expect(dialog(page)).toHaveCount(0);
  await expect(page.getByRole("textbox", { name: "Name" })).toHaveValue("Half a na");
});

async function endSessions(admin: ApiClient, { id }: { id: string }): Promise<void> {
  await dataOf(admin.DELETE("/users/{id}/sessions", { params: { path: { id } } }));
}

/** The pages of the provider: a log-in with any password, then its consent. */
async function throughProvider(page: Page, name: string): Promise<void> {
  await page.getByPlaceholder("Enter any login").fill(name);
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
}
