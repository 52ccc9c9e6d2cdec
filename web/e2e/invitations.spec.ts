/** Inviting people: one, many, again, and not after all. */
import { dataOf } from "@socialai/api-client";
import type { Locator, Page } from "@playwright/test";
import { randomBytes } from "node:crypto";

import { expect, expectAccessible, test, uuidOf } from "./harness/test.ts";

const INVITATIONS = "/settings/users/invitations";

const form = (page: Page) => page.getByRole("dialog", { name: "Invite people" });
const addresses = (page: Page) => form(page).getByRole("textbox", { name: "E-mail addresses" });
const note = (page: Page, text: RegExp) => page.getByRole("dialog", { name: text });
const someAddress = (name: string) => `${name}.${randomBytes(4).toString("hex")}@acme.test`;

/** The row or the card of an invitation. */
const entry = (page: Page, isPhone: boolean, email: string): Locator =>
  isPhone ? page.getByRole("listitem").filter({ hasText: email }) : page.getByRole("row", { name: new RegExp(email) });

test("one person is invited, gets a mail, and joins with its link", async ({
  page,
  workspace,
  signIn,
  mailTo,
  isPhone,
}) => {
  const email = someAddress("ann");
  await signIn(page, workspace.admin);
  await page.goto(INVITATIONS);
  await expect(page.getByRole("heading", { name: "Nobody has been invited yet" })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Invite people" }).last().click();
  await expectAccessible(page);
  await form(page).getByRole("button", { name: "Invite", exact: true }).click();
  await expect(form(page).getByText("Fill in E-mail addresses.")).toBeVisible();
  await addresses(page).fill("Ann Archer");
  await expect(form(page).getByText("“Ann Archer” is no e-mail address.")).toBeVisible();
  await addresses(page).fill(email);
  await form(page).getByRole("textbox", { name: "Name" }).fill("Ann Archer");
  await form(page).getByRole("radio", { name: "Sales rep" }).check();
  await form(page).getByRole("button", { name: "Invite 1 person" }).click();
  await expect(form(page)).toBeHidden();
  await expect(note(page, new RegExp(`${email} is invited`))).toBeVisible();
  const invited = entry(page, isPhone, email);
  await expect(invited).toContainText("Ann Archer");
  await expect(invited).toContainText("Sales rep");
  await expect(invited).toContainText("Waiting");
  await expectAccessible(page);

  await page.context().clearCookies();
  await page.goto((await mailTo(email)).link);
  await expect(page.getByRole("heading", { name: `Join ${workspace.name}` })).toBeVisible();
  await expect(page.getByRole("textbox", { name: "E-mail" })).toHaveValue(email);
});

test("many are invited at once; who cannot be stays in the form with the reason", async ({
  page,
  workspace,
  signIn,
  api,
}) => {
  const amir = await workspace.member("agent", { name: "Amir Agent" });
  const [ben, cleo] = [someAddress("ben.baker"), someAddress("cleo")];
  await signIn(page, workspace.admin);
  await page.goto("/settings/users?new");
  await addresses(page).fill(`${ben}, "Clay, Cleo" <${cleo}>; ${amir.email}\n${ben}`);
  const understood = form(page).getByRole("region", { name: "Who will be invited" });
  await expect(understood.getByRole("listitem")).toHaveCount(3);
  await expect(understood).toContainText("Clay, Cleo");
  await expectAccessible(page);
  await form(page).getByRole("button", { name: "Invite 3 people" }).click();
  await expect(form(page).getByRole("region", { name: "Invited" })).toContainText("2 people are invited.");
  await expect(addresses(page)).toHaveValue(amir.email);
  await expect(form(page).getByText("Somebody with this address is in this workspace already.")).toBeVisible();
  await expectAccessible(page);

  const admin = await api(workspace.admin);
  const { items } = await dataOf(admin.GET("/invitations"));
  expect(items.map(({ email, role }) => `${role} <${email}>`).toSorted()).toEqual([
    `agent <${ben}>`,
    `agent <${cleo}>`,
  ]);
  // A name that was not given is read off the address.
  expect(items.map(({ name }) => name).toSorted()).toEqual([expect.stringMatching(/^Ben Baker /), "Clay, Cleo"]);
});

test("an invitation whose answer was lost is sent again and made once @any-width", async ({
  page,
  workspace,
  signIn,
  api,
}) => {
  const email = someAddress("dora");
  await signIn(page, workspace.admin);
  await page.goto(`${INVITATIONS}?new`);
  const keys: (string | undefined)[] = [];
  await page.route("**/api/v1/invitations", async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    keys.push(route.request().headers()["idempotency-key"]);
    if (keys.length > 1) return route.continue();
    // The server does it, and the line breaks before it can say so.
    await route.fetch();
    await route.abort("connectionreset");
  });
  await addresses(page).fill(email);
  await form(page).getByRole("button", { name: "Invite 1 person" }).click();
  await expect(form(page).getByRole("alert")).toContainText("The server cannot be reached");
  await expect(addresses(page)).toHaveValue(email);
  await form(page).getByRole("button", { name: "Invite 1 person" }).click();
  await expect(form(page)).toBeHidden();
  expect(keys).toHaveLength(2);
  expect(keys[0]).toBe(keys[1]);
  const admin = await api(workspace.admin);
  expect((await dataOf(admin.GET("/invitations"))).items.map((made) => made.email)).toEqual([email]);
});

test("without a mail server the link is shown, once", async ({ page, workspace, signIn }) => {
  const email = someAddress("emil");
  await signIn(page, workspace.admin);
  await page.goto(`${INVITATIONS}?new`);
  const link = "https://hub.test/invitation#inv_secret";
  await page.route("**/api/v1/invitations", async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    const response = await route.fetch();
    const sent = (await response.json()) as object;
    await route.fulfill({ response, json: { ...sent, delivery: "shown", link } });
  });
  await addresses(page).fill(email);
  await form(page).getByRole("button", { name: "Invite 1 person" }).click();
  await expect(form(page).getByRole("status").first()).toContainText("pass the links on yourself");
  await expect(form(page).getByText(link)).toBeVisible();
  await expect(form(page).getByRole("button", { name: "Copy Invitation link" })).toBeVisible();
  await expectAccessible(page);
  await form(page).getByRole("button", { name: "Done" }).click();
  await expect(form(page)).toBeHidden();
  await expect(page.getByText(link)).toHaveCount(0);
});

test("a renewed invitation has another link, a withdrawn one has none", async ({
  page,
  workspace,
  signIn,
  api,
  mailTo,
  isPhone,
}) => {
  const email = someAddress("finn");
  const admin = await api(workspace.admin);
  const body = { email, name: "Finn Fisher", role: "agent" as const };
  await dataOf(admin.POST("/invitations", { body }));
  const first = (await mailTo(email)).link;
  await signIn(page, workspace.admin);
  await page.goto(INVITATIONS);
  await entry(page, isPhone, email).getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Send a new link" }).click();
  const again = page.getByRole("dialog", { name: /Invite .*Finn Fisher.* again\?/ });
  await expect(again).toContainText("The one before stops working.");
  await expectAccessible(page);
  await again.getByRole("button", { name: "Send a new link" }).click();
  await expect(again.getByRole("status").first()).toContainText("1 person is invited.");
  await again.getByRole("button", { name: "Done" }).click();
  await expect(again).toBeHidden();
  await expect.poll(async () => (await mailTo(email)).link).not.toBe(first);

  await entry(page, isPhone, email).getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Withdraw" }).click();
  const ask = page.getByRole("alertdialog", { name: /Withdraw the invitation of .*Finn Fisher/ });
  await ask.getByRole("button", { name: "Withdraw 1 invitation" }).click();
  await expect(ask).toBeHidden();
  await expect(entry(page, isPhone, email)).toContainText("Withdrawn");
  await entry(page, isPhone, email).getByRole("button", { name: "More" }).click();
  await expect(page.getByRole("menuitem", { name: "Copy e-mail address" })).toBeVisible();
  await expect(page.getByRole("menuitem", { name: "Withdraw" })).toHaveCount(0);
});

test("an invitation that nobody took is shown as expired", async ({ page, workspace, signIn, api, sql, isPhone }) => {
  const email = someAddress("gina");
  const admin = await api(workspace.admin);
  await dataOf(admin.POST("/invitations", { body: { email, name: "Gina", role: "viewer" } }));
  await sql(
    `update shared.invitations set expires_at = now() - interval '1 hour' where tenant_id = '${uuidOf(workspace.id)}'`,
  );
  await signIn(page, workspace.admin);
  await page.goto(INVITATIONS);
  await expect(entry(page, isPhone, email)).toContainText("Expired");
});

test("with the keyboard alone an agent is invited", async ({ page, workspace, signIn, isPhone }) => {
  const email = someAddress("hugo");
  await signIn(page, workspace.admin);
  await page.goto(INVITATIONS);
  await expect(page.getByRole("heading", { name: "Nobody has been invited yet" })).toBeVisible();
  await page.keyboard.press("n");
  await expect(addresses(page)).toBeFocused();
  await page.keyboard.type(email);
  await page.keyboard.press("Tab");
  await expect(form(page).getByRole("textbox", { name: "Name" })).toBeFocused();
  await page.keyboard.type("Hugo Hunter");
  await page.keyboard.press("Tab");
  await expect(form(page).getByRole("radio", { name: "Agent" })).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(form(page).getByRole("radio", { name: "Viewer" })).toBeChecked();
  await page.keyboard.press("Enter");
  await expect(form(page)).toBeHidden();
  await expect(entry(page, isPhone, email)).toContainText("Viewer");
});
