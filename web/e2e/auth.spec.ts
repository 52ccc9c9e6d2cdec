/** Every way in, and what can go wrong on it. */
import type { Locator, Page } from "@playwright/test";
import { dataOf } from "@socialai/api-client";
import { generateSync } from "otplib";

import { expect, expectAccessible, test, uuidOf } from "./harness/test.ts";

const email = (page: Page) => page.getByRole("textbox", { name: "E-mail" });
const password = (page: Page) => page.getByRole("textbox", { name: "Password" });
const logInButton = (page: Page) => page.getByRole("button", { name: "Log in", exact: true });
const home = (page: Page) => page.getByRole("main").getByRole("heading", { level: 1 });

async function giveCredentials(page: Page, person: { email: string; password: string }): Promise<void> {
  await email(page).fill(person.email);
  await password(page).fill(person.password);
  await logInButton(page).click();
}

async function expectSignedIn(page: Page): Promise<void> {
  await expect(page).not.toHaveURL(/login|invitation|reset/);
  await expect(home(page)).toBeVisible();
}

test("a wrong password is said at its field, the right one leads to where one came from", async ({
  page,
  workspace,
}) => {
  const rita = await workspace.member("sales_rep");
  await page.goto("/settings/appearance");
  await expect(page).toHaveURL("/login?next=%2Fsettings%2Fappearance");
  await expectAccessible(page);

  await logInButton(page).click();
  await expect(page.getByText("Fill in E-mail.")).toBeVisible();
  await giveCredentials(page, { ...rita, password: "not this one" });
  await expect(password(page)).toHaveAccessibleDescription("E-mail or password is wrong.");
  await expect(password(page)).toBeFocused();
  await expect(email(page)).toHaveValue(rita.email);
  await expectAccessible(page);

  await password(page).fill(rita.password);
  await password(page).press("Enter");
  await expect(page).toHaveURL("/settings/appearance");

  await page.goto("/login");
  await expect(page).toHaveURL("/");
});

test("a link to the log-in leads to no other site @any-width", async ({ page, workspace }) => {
  const rita = await workspace.member("sales_rep");
  await page.goto("/login?next=//evil.test/&error=<b>owned</b>");
  await expect(page.getByText("owned")).toHaveCount(0);
  await giveCredentials(page, rita);
  await expectSignedIn(page);
  await expect(page).toHaveURL("/");
});

test("an admin sets up an authenticator app, keeps the recovery codes, and logs in with both", async ({
  page,
  workspace,
  totpCode,
}) => {
  const { admin } = workspace;
  await page.goto("/login");
  await giveCredentials(page, admin);

  await expect(page.getByRole("heading", { name: "Set up a second factor" })).toBeFocused();
  await expect(page.getByRole("img", { name: "QR code for the authenticator app" })).toBeVisible();
  await expectAccessible(page);
  const secret = (await page.getByRole("group", { name: "Secret" }).innerText()).replaceAll(/\s/g, "");
  const code = page.getByRole("textbox", { name: "Code from the app" });
  await code.fill("000000");
  await expect(code).toHaveAccessibleDescription(/The code is wrong/);
  await expect(code).toHaveValue("");
  await code.fill(generateSync({ secret }));

  await expect(page.getByRole("heading", { name: "Keep your recovery codes" })).toBeFocused();
  await expectAccessible(page);
  const codes = (await page.getByRole("group", { name: "Recovery codes, text" }).innerText()).split("\n");
  expect(codes).toHaveLength(10);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download" }).click();
  expect((await download).suggestedFilename()).toBe("socialai-recovery-codes.txt");
  await expect(page.getByRole("button", { name: "Go on" })).toBeDisabled();
  await page.getByRole("checkbox", { name: /I have kept them/ }).click();
  await page.getByRole("button", { name: "Go on" }).click();
  await expectSignedIn(page);

  admin.totp = secret;
  await page.context().clearCookies();
  await page.goto("/login");
  await giveCredentials(page, admin);
  const second = page.getByRole("textbox", { name: "Code from your authenticator app" });
  await expect(second).toBeFocused();
  await expectAccessible(page);
  await second.fill("000000");
  await expect(second).toHaveAccessibleDescription(/The code is wrong or was used before/);
  await second.fill(await totpCode(admin));
  await expectSignedIn(page);

  await page.context().clearCookies();
  await page.goto("/login");
  await giveCredentials(page, admin);
  await page.getByRole("button", { name: "Use a recovery code" }).click();
  const recovery = page.getByRole("textbox", { name: "Recovery code" });
  await recovery.fill("wrong-again");
  await recovery.press("Enter");
  await expect(recovery).toHaveAccessibleDescription(/none of your unused recovery codes/);
  await recovery.fill(String(codes[3]).toUpperCase());
  await recovery.press("Enter");
  await expectSignedIn(page);
});

test("a step that took too long leads back to the start, with the address kept @any-width", async ({
  page,
  workspace,
  api,
  sql,
}) => {
  const { admin } = workspace;
  await api(admin);
  await page.goto("/login");
  await giveCredentials(page, admin);
  const code = page.getByRole("textbox", { name: "Code from your authenticator app" });
  await expect(code).toBeVisible();
  await sql(`update system.tickets set expires_at = now() where person_id = '${uuidOf(admin.id)}'`);
  await code.fill("123456");
  await expect(page.getByText("That step is no longer valid")).toBeVisible();
  await expect(email(page)).toHaveValue(admin.email);
  await expect(password(page)).toBeFocused();
});

test("a device whose clock is wrong says so when its code is refused @any-width", async ({ page, workspace, api }) => {
  const { admin } = workspace;
  await api(admin);
  await page.clock.setFixedTime(Date.now() - 4 * 60_000);
  await page.goto("/login");
  await giveCredentials(page, admin);
  const code = page.getByRole("textbox", { name: "Code from your authenticator app" });
  await code.fill("000000");
  await expect(code).toHaveAccessibleDescription(/The clock of this device is 4 minutes slow/);
});

test("whoever guesses has to wait, and is told how long @any-width", async ({ page, workspace }) => {
  const rita = await workspace.member("sales_rep");
  await page.goto("/login");
  const alert = page.getByRole("alert");
  const refused = page.getByText("E-mail or password is wrong.");
  // Each wait is twice the last one: at some guess even a slow machine is too quick.
  for (let guess = 1; !(await alert.isVisible()); guess++) {
    await giveCredentials(page, { ...rita, password: `guess ${guess}` });
    await expect(alert.or(refused).first()).toBeVisible();
  }
  await expect(alert).toContainText("Too many failed attempts");
  await expect(alert).toContainText(/You can try again in \d+ seconds?\./);
  await expect(page.getByText("You can try again now.")).toBeVisible({ timeout: 60_000 });
  await giveCredentials(page, rita);
  await expectSignedIn(page);
});

test("fifteen minutes are counted down, and another address need not wait", async ({ page, workspace }) => {
  const rita = await workspace.member("sales_rep");
  await page.clock.install();
  await page.route("**/auth/login", async (route) => {
    if (route.request().postDataJSON().email !== "locked@out.test") return route.continue();
    const problem = { type: "/docs/problems#too_many_attempts", title: "Too many failed attempts", status: 429 };
    const body = {
      ...problem,
      code: "too_many_attempts",
      detail: "Too many failed attempts",
      advice: "Wait.",
      request_id: "r",
    };
    return route.fulfill({ status: 429, headers: { "retry-after": "900" }, json: body });
  });
  await page.goto("/login");
  await giveCredentials(page, { email: "locked@out.test", password: "x" });
  await expect(page.getByRole("alert")).toContainText(/1[45]:\d\d/);
  await expect(logInButton(page)).toBeDisabled();
  await expectAccessible(page);
  await page.clock.runFor(61_000);
  await expect(page.getByRole("alert")).toContainText(/1[0-3]:\d\d/);
  await giveCredentials(page, rita);
  await expectSignedIn(page);
});

test("a server that does not answer loses nothing that was typed @any-width", async ({ page, workspace }) => {
  const rita = await workspace.member("sales_rep");
  await page.goto("/login");
  await page.route("**/auth/login", (route) => route.abort());
  await giveCredentials(page, rita);
  await expect(page.getByRole("alert")).toContainText("The server cannot be reached");
  await expect(password(page)).toHaveValue(rita.password);
  await page.unroute("**/auth/login");
  await logInButton(page).click();
  await expectSignedIn(page);
});

test("the demo's people are one click away", async ({ page, program, workspace }) => {
  const rita = await workspace.member("sales_rep");
  // The demo of these tests has a password that was chosen, so it tells none; this is what it tells otherwise.
  await page.route("**/auth/options*", async (route) => {
    const answer = await route.fetch();
    const demo = [{ email: rita.email, role: "sales_rep", tenant: rita.tenant, password: rita.password }];
    await route.fulfill({ response: answer, json: { ...(await answer.json()), demo } });
  });
  await page.goto(`${program.url}/login`);
  await expect(page.getByRole("heading", { name: "Look around in the demo" })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: /Sales rep/ }).click();
  await expectSignedIn(page);
});

test("a demo with a chosen password asks for that alone @any-width", async ({ page }) => {
  await page.goto("/login");
  await page.getByRole("button", { name: /manager@acme\.test in globex/ }).click();
  await expect(email(page)).toHaveValue("manager@acme.test");
  await expect(password(page)).toBeFocused();
  await password(page).fill("correct horse battery staple");
  await password(page).press("Enter");
  await expectSignedIn(page);
});

test("a forgotten password is set anew by a link that works once and leaves no trace", async ({
  page,
  workspace,
  mailTo,
}) => {
  const rita = await workspace.member("sales_rep");
  await page.goto("/login");
  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await expectAccessible(page);
  await email(page).fill(rita.email);
  await page.getByRole("button", { name: "Send me a link" }).click();
  await expect(page.getByRole("heading", { name: "Look into your mail" })).toBeFocused();
  await expectAccessible(page);

  const { link } = await mailTo(rita.email);
  await page.goto(link);
  await expect(page).toHaveURL("/reset");
  const fresh = page.getByRole("textbox", { name: "New password" });
  await fresh.fill("password1234");
  await page.getByRole("button", { name: "Set the password" }).click();
  await expect(fresh).toHaveAccessibleDescription(/first that an attacker tries/);
  await expectAccessible(page);
  await fresh.fill("quiet lamp under rain");
  await page.getByRole("button", { name: "Set the password" }).click();
  await expect(page.getByRole("heading", { name: "The password is set" })).toBeFocused();
  await page.getByRole("link", { name: "Log in" }).click();
  await giveCredentials(page, { ...rita, password: "quiet lamp under rain" });
  await expectSignedIn(page);

  await page.goto("/login");
  await page.goto(link);
  await page.getByRole("textbox", { name: "New password" }).fill("quiet lamp under snow");
  await page.getByRole("button", { name: "Set the password" }).click();
  await expect(page.getByRole("heading", { name: "This link no longer works" })).toBeFocused();
  await expectAccessible(page);
});

test("an invited person joins with a name and a password of their own", async ({ page, workspace, api, mailTo }) => {
  const address = `new.${workspace.slug}@guest.test`;
  const invitation = { email: address, name: "New One", role: "agent" as const };
  await dataOf((await api(workspace.admin)).POST("/invitations", { body: invitation }));
  const { link } = await mailTo(address);
  await page.goto(link);
  await expect(page).toHaveURL("/invitation");
  await expect(page.getByRole("heading", { name: "Join Harbour & Sons" })).toBeVisible();
  await expect(page.getByText("Your role there: Agent")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("textbox", { name: "Your name" }).fill("Núria Nova");
  await page.getByRole("textbox", { name: "New password" }).fill(address);
  await page.getByRole("button", { name: "Join the workspace" }).click();
  await expect(page.getByRole("textbox", { name: "New password" })).toHaveAccessibleDescription(
    /not the e-mail address/,
  );
  await page.getByRole("textbox", { name: "New password" }).fill("quiet lamp under rain");
  await page.getByRole("button", { name: "Join the workspace" }).click();
  await expectSignedIn(page);

  await page.goto("/settings/profile");
  await expect(page.getByRole("textbox", { name: "Name" })).toHaveValue("Núria Nova");
  await page.goto(link);
  await expect(page.getByRole("heading", { name: "This invitation no longer works" })).toBeFocused();
  await expectAccessible(page);
});

test("an invited admin with an account confirms with its password and sets up a second factor @any-width", async ({
  page,
  workspace,
  makeWorkspace,
  api,
  mailTo,
}) => {
  const elsewhere = await makeWorkspace("Elsewhere");
  const rita = await elsewhere.member("sales_rep");
  const invitation = { email: rita.email, name: "Rita", role: "admin" as const };
  await dataOf((await api(workspace.admin)).POST("/invitations", { body: invitation }));
  await page.goto((await mailTo(rita.email)).link);
  const own = page.getByRole("textbox", { name: "Your password" });
  await own.fill("not this one at all");
  await page.getByRole("button", { name: "Join the workspace" }).click();
  await expect(page.getByRole("alert")).toContainText("E-mail or password is wrong");
  await own.fill(rita.password);
  await page.getByRole("button", { name: "Join the workspace" }).click();
  await expect(page.getByRole("heading", { name: "Set up a second factor" })).toBeFocused();
  const secret = (await page.getByRole("group", { name: "Secret" }).innerText()).replaceAll(/\s/g, "");
  await page.getByRole("textbox", { name: "Code from the app" }).fill(generateSync({ secret }));
  await page.getByRole("checkbox", { name: /I have kept them/ }).click();
  await page.getByRole("button", { name: "Go on" }).click();
  await expectSignedIn(page);
});

test("the keyboard alone is enough to log in with two factors", async ({ page, workspace, api, totpCode }) => {
  const { admin } = workspace;
  await api(admin);
  await page.goto("/login");
  await tabTo(page, email(page));
  await page.keyboard.type(admin.email);
  await tabTo(page, password(page));
  await page.keyboard.type("not this one");
  await page.keyboard.press("Enter");
  // The wrong one is selected: typing replaces it.
  await expect(password(page)).toHaveAccessibleDescription("E-mail or password is wrong.");
  await expect(password(page)).toBeFocused();
  await page.keyboard.type(admin.password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("textbox", { name: "Code from your authenticator app" })).toBeFocused();
  await tabTo(page, page.getByRole("button", { name: "Use a recovery code" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("textbox", { name: "Recovery code" })).toBeFocused();
  await tabTo(page, page.getByRole("button", { name: "Use the app’s code" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("textbox", { name: "Code from your authenticator app" })).toBeFocused();
  await page.keyboard.type(await totpCode(admin));
  await expectSignedIn(page);
});

/** Presses Tab until the keyboard is there; a person would not go on for ever either. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < 25; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  await expect(target).toBeFocused();
}
