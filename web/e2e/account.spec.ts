/** One's own pages: name, password, second factors, passkeys, sessions, appearance. */
import type { Page } from "@playwright/test";
import { generateSync } from "otplib";

import { tabTo } from "./harness/keyboard.ts";
import { expect, expectAccessible, test, type Person } from "./harness/test.ts";

const NEW_PASSWORD = "seven quiet otters knit";
const HOSTILE = "<b>Zoë</b> 🦦 שלום";

test("a person changes their name and takes it back, whatever the name is", async ({ page, workspace, signIn }) => {
  const max = await workspace.member("manager");
  await signIn(page, max);
  await page.goto("/settings/profile");
  const name = page.getByRole("textbox", { name: "Your name" });
  await expect(name).toHaveValue("Max Manager");
  await expect(page.getByRole("button", { name: "Save name" })).toBeDisabled();
  await expectAccessible(page);

  await name.fill("   ");
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(page.getByText("Fill in Your name.")).toBeVisible();
  await name.fill(HOSTILE);
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(page.getByText("Name changed")).toBeVisible();
  await expect(name).toHaveValue(HOSTILE);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(name).toHaveValue("Max Manager");
  await page.reload();
  await expect(name).toHaveValue("Max Manager");
});

test("what was typed is not lost by going elsewhere", async ({ page, workspace, signIn }) => {
  await signIn(page, await workspace.member("agent"));
  await page.goto("/settings/profile");
  const name = page.getByRole("textbox", { name: "Your name" });
  await name.fill("Amira");
  const away = page.getByRole("link", { name: "What it may do" });
  await away.click();
  const question = page.getByRole("alertdialog", { name: "Leave without saving?" });
  await expectAccessible(page);
  await question.getByRole("button", { name: "Cancel" }).click();
  await expect(name).toHaveValue("Amira");
  await away.click();
  await question.getByRole("button", { name: "Leave without saving" }).click();
  await expect(page).toHaveURL("/settings/users/roles");
});

test("the keyboard alone changes a name", async ({ page, workspace, signIn, isPhone }) => {
  await signIn(page, await workspace.member("agent"));
  await page.goto(isPhone ? "/settings" : "/settings/sessions");
  await tabTo(page, page.getByRole("link", { name: "Profile" }));
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("textbox", { name: "Your name" }));
  await page.keyboard.press("End");
  await page.keyboard.type(" the Second");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Name changed")).toBeVisible();
  await page.reload();
  await expect(page.getByRole("textbox", { name: "Your name" })).toHaveValue("Amir Agent the Second");
});

test("a new password ends the other sessions and is the one that counts", async ({ page, workspace, signIn, api }) => {
  const max = await workspace.member("manager");
  const elsewhere = await api(max);
  await signIn(page, max);
  await page.goto("/settings/security");
  const present = page.getByLabel("Present password");
  const wanted = page.getByLabel("New password");
  const change = page.getByRole("button", { name: "Change password" });

  await present.fill("not the one");
  await wanted.fill("short");
  await change.click();
  await expect(wanted).toHaveAccessibleDescription(/at least 12 characters/i);
  await wanted.fill("passwordpassword");
  await change.click();
  await expect(present).toHaveAccessibleDescription(/present password is wrong/);
  await present.fill(max.password);
  await change.click();
  await expect(wanted).toHaveAccessibleDescription(/first that an attacker tries/);
  await expectAccessible(page);

  await wanted.fill(NEW_PASSWORD);
  await change.click();
  await expect(page.getByText("Password changed")).toBeVisible();
  await expect(present).toHaveValue("");
  expect((await elsewhere.GET("/me")).response.status).toBe(401);
  await api({ ...max, password: NEW_PASSWORD });
  await page.reload();
  await expect(page.getByRole("heading", { name: "Password", exact: true })).toBeVisible();
});

/** The secret that stands beside the picture for those without a camera. */
async function secretOf(page: Page): Promise<string> {
  const shown = await page.getByRole("group", { name: "Secret", exact: true }).innerText();
  return shown.replaceAll(/\s/g, "");
}

async function setUpApp(page: Page, person: Person): Promise<void> {
  await page.getByRole("button", { name: "Set up authenticator app" }).click();
  const dialog = page.getByRole("dialog", { name: "Set up an authenticator app" });
  await expect(dialog.getByRole("img", { name: /QR code/ })).toBeVisible();
  await expectAccessible(page);
  person.totp = await secretOf(page);
  const code = dialog.getByRole("textbox", { name: "Code from the app" });
  const right = generateSync({ secret: person.totp });
  await code.fill(right === "000000" ? "111111" : "000000");
  await expect(code).toHaveAccessibleDescription(/wrong/);
  await code.fill(generateSync({ secret: person.totp }));
  await expect(page.getByRole("dialog", { name: "Keep your recovery codes" })).toBeVisible();
}

test("an authenticator app is set up, moved and removed, with recovery codes kept once", async ({
  page,
  workspace,
  signIn,
  totpCode,
}) => {
  const max = await workspace.member("manager");
  await signIn(page, max);
  await page.goto("/settings/security");
  const app = page.getByRole("region", { name: "Authenticator app" });
  await expect(app.getByText("Not set up")).toBeVisible();
  await expectAccessible(page);
  await setUpApp(page, max);
  const first = await page.getByRole("group", { name: "Recovery codes, text" }).innerText();
  expect(first.trim().split("\n")).toHaveLength(10);
  await expectAccessible(page);
  // Codes that cannot be shown again do not go away by a slip.
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "I have kept them" }).click();
  await expect(app.getByText("10 left")).toBeVisible();

  await app.getByRole("button", { name: "Make new recovery codes" }).click();
  const proof = page.getByRole("textbox", { name: "Current code" });
  await proof.fill("not a code");
  await page.getByRole("button", { name: "Make new codes" }).click();
  await expect(proof).toHaveAccessibleDescription(/wrong or was used/);
  await expectAccessible(page);
  await proof.fill(await totpCode(max));
  await page.getByRole("button", { name: "Make new codes" }).click();
  const second = await page.getByRole("group", { name: "Recovery codes, text" }).innerText();
  expect(second).not.toBe(first);
  await page.getByRole("button", { name: "I have kept them" }).click();

  // A recovery code is proof, too, and is gone then.
  await app.getByRole("button", { name: "Move to another app" }).click();
  await proof.fill(second.trim().split("\n")[0] ?? "");
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("img", { name: /QR code/ })).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(app.getByText("9 left")).toBeVisible();

  await app.getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText(/log in with your password alone/)).toBeVisible();
  await proof.fill(await totpCode(max));
  await page.getByRole("button", { name: "Remove authenticator app" }).click();
  await expect(app.getByText("Not set up")).toBeVisible();
});

test("a passkey is added on this device and removed", async ({ page, context, workspace, signIn }) => {
  const max = await workspace.member("manager");
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
    },
  });
  await signIn(page, max);
  await page.goto("/settings/security");
  const passkeys = page.getByRole("region", { name: "Passkeys" });
  await expect(passkeys.getByText("You have none yet.")).toBeVisible();
  await passkeys.getByRole("button", { name: "Add a passkey" }).click();
  const name = page.getByRole("textbox", { name: "Name" });
  await expect(name).toHaveValue(/Chrome/);
  await expectAccessible(page);
  await name.fill(HOSTILE);
  await page.getByRole("button", { name: "Add passkey" }).click();
  const row = passkeys.getByRole("listitem").filter({ hasText: HOSTILE });
  await expect(row).toContainText("never used");
  await expectAccessible(page);
  await row.getByRole("button", { name: /^Remove/ }).click();
  await page.getByRole("button", { name: "Remove passkey" }).click();
  await expect(passkeys.getByText("You have none yet.")).toBeVisible();
});

test("a person ends a session elsewhere, then all", async ({ page, workspace, signIn, api }) => {
  const max = await workspace.member("manager");
  await signIn(page, max);
  await page.goto("/settings/sessions");
  const sessions = page.getByRole("list", { name: "Sessions" }).getByRole("listitem");
  await expect(sessions).toHaveCount(1);
  await expect(sessions).toContainText("This session");
  await expect(sessions).toContainText("Chrome on");
  // Another log-in shows itself, without a reload.
  const elsewhere = await api(max);
  await expect(sessions).toHaveCount(2);
  await expect(sessions.first()).toContainText("This session");
  await expectAccessible(page);

  await page.getByRole("button", { name: /^End the session of/ }).click();
  await expectAccessible(page);
  await page.getByRole("button", { name: "End 1 session" }).click();
  await expect(sessions).toHaveCount(1);
  expect((await elsewhere.GET("/me")).response.status).toBe(401);

  await page.getByRole("button", { name: "Log out everywhere" }).click();
  const question = page.getByRole("alertdialog", { name: "Log out everywhere?" });
  await expect(question).toContainText("Your 1 session");
  await question.getByRole("button", { name: "Log out everywhere" }).click();
  await expect(page).toHaveURL(/\/login/);
});

test("the theme is chosen by the keyboard and kept on the device", async ({ page, workspace, signIn }) => {
  await signIn(page, await workspace.member("viewer"));
  await page.goto("/settings/appearance");
  const scheme = () => page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
  await tabTo(page, page.getByRole("radio", { name: "As the system" }));
  await expect(page.getByText("your system asks for less motion", { exact: false })).toBeVisible();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("radio", { name: "Dark" })).toBeChecked();
  expect(await scheme()).toBe("dark");
  await tabTo(page, page.getByRole("radio", { name: "Comfortable" }));
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("radio", { name: "Compact" })).toBeChecked();
  await expectAccessible(page);
  await page.reload();
  await expect(page.getByRole("radio", { name: "Dark" })).toBeChecked();
  await expect(page.getByRole("radio", { name: "Compact" })).toBeChecked();
  expect(await scheme()).toBe("dark");
});

test("a page that cannot be read says so and tries again", async ({ page, workspace, signIn }) => {
  await signIn(page, await workspace.member("viewer"));
  await page.route("**/api/v1/me/sessions", (route) =>
    route.fulfill({ status: 503, json: PROBLEM, headers: PROBLEM_TYPE }),
  );
  await page.goto("/settings/sessions");
  const alert = page.getByRole("alert");
  await expect(alert).toContainText("A part of the system is not available");
  await expect(alert).toContainText("req_of_this_test");
  await expectAccessible(page);
  await page.unroute("**/api/v1/me/sessions");
  await alert.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("list", { name: "Sessions" })).toContainText("This session");
});

const PROBLEM_TYPE = { "content-type": "application/problem+json" };
const PROBLEM = {
  type: "/docs/problems#unavailable",
  title: "A part of the system is not available",
  status: 503,
  code: "unavailable",
  detail: "The database does not answer.",
  advice: "Try again shortly.",
  request_id: "req_of_this_test",
};
