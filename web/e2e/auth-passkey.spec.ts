/** Passkeys and single sign-on: ways in for which nothing secret is typed here. */
import type { CDPSession, Page } from "@playwright/test";
import { type ApiClient, dataOf } from "@socialai/api-client";

import type { IdentityProvider } from "./harness/identity-provider.ts";
import { expect, expectAccessible, test, uuidOf } from "./harness/test.ts";

const home = (page: Page) => page.getByRole("main").getByRole("heading", { level: 1 });
const passkeyButton = (page: Page) => page.getByRole("button", { name: "Use a passkey" });

interface Device {
  /** Whether its owner agrees to what it is asked. */
  agrees: (yes: boolean) => Promise<void>;
  forget: () => Promise<void>;
}

/** A device of the person's, with a fingerprint reader that Chromium simulates. */
async function plugInDevice(page: Page): Promise<Device> {
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    agrees: async (yes) => {
      await session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: yes });
    },
    forget: async () => {
      await session.send("WebAuthn.clearCredentials", { authenticatorId });
    },
  };
}

/** Makes a passkey of the person on the device of this page. */
async function registerPasskey(page: Page, client: ApiClient): Promise<void> {
  const { ticket, options } = await dataOf(client.POST("/me/passkeys/start", { body: {} }));
  const credential = await page.evaluate(async (json) => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(json).publicKey);
    return JSON.stringify(await navigator.credentials.create({ publicKey }));
  }, JSON.stringify(options));
  const body = { ticket, name: "Laptop", credential: JSON.parse(credential) };
  await dataOf(client.POST("/me/passkeys/finish", { body }));
}

/** Without this the browser offers the passkey by itself as soon as the page is open. */
const withoutAutofill = (page: Page) =>
  page.addInitScript(() => {
    PublicKeyCredential.isConditionalMediationAvailable = () => Promise.resolve(false);
  });

test("a passkey alone logs in", async ({ page, workspace, api }) => {
  const rita = await workspace.member("sales_rep");
  await withoutAutofill(page);
  await page.goto("/login");
  const device = await plugInDevice(page);
  await registerPasskey(page, await api(rita));

  await device.agrees(false);
  await passkeyButton(page).click();
  await expect(page.getByRole("alert")).toContainText("No passkey was used");
  await expectAccessible(page);
  await device.agrees(true);
  await passkeyButton(page).click();
  await expect(home(page)).toBeVisible();
  await expect(page).toHaveURL("/");
});

test("the browser offers passkeys in the address field without being asked @any-width", async ({
  page,
  workspace,
  api,
}) => {
  const rita = await workspace.member("sales_rep");
  await page.goto("/forgot");
  await plugInDevice(page);
  await registerPasskey(page, await api(rita));
  await page.goto("/login?next=/settings/appearance");
  await expect(page).toHaveURL("/settings/appearance");
});

test("a passkey that the server does not know is refused with a sentence @any-width", async ({
  page,
  workspace,
  api,
  sql,
}) => {
  const rita = await workspace.member("sales_rep");
  await withoutAutofill(page);
  await page.goto("/login");
  await plugInDevice(page);
  await registerPasskey(page, await api(rita));
  await sql(`delete from system.passkeys where person_id = '${uuidOf(rita.id)}'`);
  await passkeyButton(page).click();
  await expect(page.getByRole("alert")).toContainText("The passkey could not be verified");
});

test("a passkey is the second factor of somebody who has no app", async ({ page, workspace, api }) => {
  const rita = await workspace.member("sales_rep");
  await withoutAutofill(page);
  await page.goto("/login");
  await plugInDevice(page);
  await registerPasskey(page, await api(rita));
  await page.getByRole("textbox", { name: "E-mail" }).fill(rita.email);
  await page.getByRole("textbox", { name: "Password" }).fill(rita.password);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Confirm that it is you" })).toBeVisible();
  await expect(page.getByRole("textbox")).toHaveCount(0);
  await expectAccessible(page);
  await passkeyButton(page).click();
  await expect(home(page)).toBeVisible();
});

test("a browser without passkeys says so @any-width", async ({ page }) => {
  await page.addInitScript(() => Reflect.deleteProperty(window, "PublicKeyCredential"));
  await page.goto("/login");
  await passkeyButton(page).click();
  await expect(page.getByRole("alert")).toContainText("This browser cannot use passkeys");
});

// --- Single sign-on ------------------------------------------------------------------------------------------------

test("single sign-on leads to the company and back to the page one wanted", async ({
  page,
  workspace,
  api,
  identityProvider,
}) => {
  const provider = await identityProvider();
  await connect(await api(workspace.admin), provider, true);

  await page.goto("/settings/appearance");
  await page.getByRole("button", { name: "Use single sign-on" }).click();
  const name = page.getByRole("textbox", { name: "Short name of the workspace" });
  await expect(name).toBeFocused();
  await expectAccessible(page);
  await name.fill("no-such-workspace");
  await name.press("Enter");
  await expect(name).toHaveAccessibleDescription(/no workspace with this short name/);
  await name.fill(` ${workspace.slug.toUpperCase()} `);
  await name.press("Enter");
  await throughProvider(page, "nina");
  await expect(page).toHaveURL("/settings/appearance");
  await expect(home(page)).toBeVisible();
});

test("a link that names the workspace offers its single sign-on first", async ({
  page,
  workspace,
  api,
  identityProvider,
}) => {
  const provider = await identityProvider();
  await connect(await api(workspace.admin), provider, false);
  await page.goto(`/login?tenant=${workspace.slug}`);
  await page.getByRole("button", { name: `Log in to ${workspace.slug} with your company’s account` }).click();
  await throughProvider(page, "stranger");
  await expect(page).toHaveURL("/login?error=sso_failed");
  await expect(page.getByText("Single sign-on did not work")).toBeVisible();
  await expectAccessible(page);
});

/** The workspace trusts the provider. */
async function connect(client: ApiClient, provider: IdentityProvider, createsUsers: boolean): Promise<void> {
  const { issuer, clientId, clientSecret } = provider;
  const settings = {
    enabled: true,
    issuer,
    client_id: clientId,
    default_role: "agent" as const,
    creates_users: createsUsers,
  };
  await dataOf(client.PUT("/sso", { body: { client_secret: clientSecret, settings } }));
}

/** The pages of the provider: a log-in with any password, then its consent. */
async function throughProvider(page: Page, name: string): Promise<void> {
  await page.getByPlaceholder("Enter any login").fill(name);
  await page.getByPlaceholder("and password").fill("any");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
}
