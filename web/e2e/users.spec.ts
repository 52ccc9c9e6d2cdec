/** The people of a workspace: found, changed, kept out, let in, removed. */
import { dataOf } from "@socialai/api-client";
import type { Locator, Page } from "@playwright/test";

import { expect, expectAccessible, test } from "./harness/test.ts";

const PEOPLE = "/settings/users";

/** What opens a person, in the table and in the cards. */
const person = (page: Page, name: string | RegExp) => page.getByRole("main").getByRole("button", { name });
const panelOf = (page: Page) => page.getByRole("dialog", { name: "Person" });
const confirmation = (page: Page) => page.getByRole("alertdialog");
const note = (page: Page, text: RegExp) => page.getByRole("dialog", { name: text });

/** The row or the card of a person. */
const entry = (page: Page, isPhone: boolean, name: string): Locator =>
  isPhone ? page.getByRole("listitem").filter({ hasText: name }) : page.getByRole("row", { name: new RegExp(name) });

test("people are found by a part of the name, the whole address, role and status", async ({
  page,
  workspace,
  signIn,
  api,
}) => {
  const amir = await workspace.member("agent", { name: "Amir Agent" });
  const rita = await workspace.member("sales_rep", { name: "Rita Rep" });
  const admin = await api(workspace.admin);
  await dataOf(admin.PATCH("/users/{id}", { params: { path: { id: rita.id } }, body: { status: "disabled" } }));
  await signIn(page, workspace.admin);
  await page.goto(PEOPLE);
  await expect(person(page, /Ada Admin/)).toBeVisible();
  await expect(person(page, /Rita Rep/)).toBeVisible();
  await expectAccessible(page);

  const search = page.getByRole("searchbox", { name: "Search people" });
  await search.fill("mir ag");
  await expect(person(page, /Rita Rep/)).toHaveCount(0);
  await expect(person(page, /Amir Agent/)).toBeVisible();
  await expect(page).toHaveURL(/search=mir\+ag/);
  await search.fill(rita.email);
  await expect(person(page, /Rita Rep/)).toBeVisible();
  await expect(person(page, /Amir Agent/)).toHaveCount(0);
  await search.fill("nobody of that name");
  await expect(page.getByRole("heading", { name: "Nobody matches" })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Show everybody" }).click();
  await expect(search).toHaveValue("");
  await expect(person(page, /Amir Agent/)).toBeVisible();

  await page.getByRole("button", { name: "Role", exact: true }).click();
  await page.getByRole("menuitemcheckbox", { name: "Agent" }).click();
  await expect(person(page, /Ada Admin/)).toHaveCount(0);
  await expect(person(page, new RegExp(amir.email))).toBeVisible();
  await page.reload();
  await expect(page.getByRole("button", { name: "Role: Agent" })).toBeVisible();
  await expect(person(page, /Ada Admin/)).toHaveCount(0);
  await page.getByRole("button", { name: "Clear Role" }).click();
  await page.getByRole("button", { name: "Status", exact: true }).click();
  await page.getByRole("menuitemcheckbox", { name: "Disabled" }).click();
  await expect(person(page, /Rita Rep/)).toBeVisible();
  await expect(person(page, /Ada Admin/)).toHaveCount(0);
});

test("a change of role says what it means, and can be taken back", async ({ page, workspace, signIn, api }) => {
  const amir = await workspace.member("agent", { name: "Amir Agent" });
  const admin = await api(workspace.admin);
  const roleNow = async () => (await dataOf(admin.GET("/users/{id}", { params: { path: { id: amir.id } } }))).role;
  await signIn(page, workspace.admin);
  await page.goto(PEOPLE);
  await person(page, /Amir Agent/).click();
  const panel = panelOf(page);
  await expect(panel.getByText("Password or passkey")).toBeVisible();
  await expectAccessible(page);

  await panel.getByRole("combobox", { name: "Role" }).click();
  await page.getByRole("option", { name: /^Admin/ }).click();
  await expect(panel.getByText("Create, rotate and revoke API keys.")).toBeVisible();
  await expect(panel.getByText("At the next log-in a second factor has to be set up.")).toBeVisible();
  await expectAccessible(page);
  await panel.getByRole("button", { name: "Keep Agent" }).click();
  await expect(panel.getByText("Create, rotate and revoke API keys.")).toBeHidden();

  await panel.getByRole("combobox", { name: "Role" }).click();
  await page.getByRole("option", { name: /^Manager/ }).click();
  await panel.getByRole("button", { name: "Make this person a manager" }).click();
  await expect(panel.getByRole("combobox", { name: "Role" })).toHaveText("Manager");
  await expect(panel.getByRole("button", { name: /^Make this person/ })).toHaveCount(0);
  expect(await roleNow()).toBe("manager");
  await note(page, /Amir Agent.* is now Manager/)
    .getByRole("button", { name: "Undo" })
    .click();
  await expect(panel.getByRole("combobox", { name: "Role" })).toHaveText("Agent");
  await expect.poll(roleNow).toBe("agent");
});

test("the last admin stays one, and is told why", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  await page.goto(`${PEOPLE}?user=${workspace.admin.id}`);
  const panel = panelOf(page);
  await expect(panel.getByRole("link", { name: "Password and factors" })).toBeVisible();
  await panel.getByRole("combobox", { name: "Role" }).click();
  await page.getByRole("option", { name: /^Viewer/ }).click();
  await expect(panel.getByText("You will not be able to take this back yourself.")).toBeVisible();
  await panel.getByRole("button", { name: "Make yourself a viewer" }).click();
  await expect(panel.getByRole("alert")).toContainText("This is the last active admin");
  await expect(panel.getByRole("alert")).toContainText("Make somebody else an administrator first.");
  await expectAccessible(page);

  await panel.getByRole("button", { name: "Disable" }).click();
  await confirmation(page).getByRole("button", { name: "Disable myself" }).click();
  await expect(confirmation(page).getByRole("alert")).toContainText("Make somebody else an administrator first.");
});

test("a disabled person is signed out and can be let in again", async ({ page, workspace, signIn, api, isPhone }) => {
  const max = await workspace.member("manager", { name: "Max Manager" });
  const theirs = await api(max);
  await signIn(page, workspace.admin);
  await page.goto(PEOPLE);
  await entry(page, isPhone, "Max Manager").getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Disable" }).click();
  await expect(entry(page, isPhone, "Max Manager").getByText("Disabled")).toBeVisible();
  const done = note(page, /Max Manager.* is disabled/);
  await expect(done).toContainText("logged out everywhere");
  expect((await theirs.GET("/me")).response.status).toBe(401);

  await done.getByRole("button", { name: "Undo" }).click();
  await expect(entry(page, isPhone, "Max Manager").getByText("Disabled")).toHaveCount(0);
  const again = await api(max);
  expect((await again.GET("/me")).response.status).toBe(200);
});

test("somebody who has left is removed, after the name was typed", async ({ page, workspace, signIn, api }) => {
  const vera = await workspace.member("viewer", { name: "Vera Viewer" });
  await signIn(page, workspace.admin);
  await page.goto(PEOPLE);
  await person(page, /Vera Viewer/).click();
  await panelOf(page).getByRole("button", { name: "Remove…" }).click();
  const ask = confirmation(page);
  await expect(ask).toContainText("need a new invitation");
  await expect(ask.getByRole("button", { name: "Remove 1 person" })).toBeDisabled();
  await expectAccessible(page);
  await ask.getByRole("textbox", { name: "Type “Vera Viewer” to confirm" }).fill("Vera Viewer");
  await ask.getByRole("button", { name: "Remove 1 person" }).click();
  await expect(panelOf(page)).toBeHidden();
  await expect(page).toHaveURL(/users$/);
  await expect(person(page, /Vera Viewer/)).toHaveCount(0);
  const admin = await api(workspace.admin);
  expect((await admin.GET("/users/{id}", { params: { path: { id: vera.id } } })).response.status).toBe(404);

  await page.goto(`${PEOPLE}?user=${vera.id}`);
  await expect(page.getByRole("heading", { name: "There is no such person here" })).toBeVisible();
});

test("sessions of a person are seen and ended @any-width", async ({ page, workspace, signIn, api }) => {
  const max = await workspace.member("manager", { name: "Max Manager" });
  const theirs = [await api(max), await api(max)];
  await signIn(page, workspace.admin);
  await page.goto(`${PEOPLE}?user=${max.id}`);
  const sessions = panelOf(page).getByRole("region", { name: "Sessions" });
  await expect(sessions.getByRole("listitem")).toHaveCount(2);
  await expect(sessions.getByText(new RegExp(`${max.address} · password`))).toHaveCount(2);
  await sessions.getByRole("button", { name: "End 2 sessions" }).click();
  await expect(confirmation(page)).toContainText("This cannot be undone.");
  await confirmation(page).getByRole("button", { name: "End 2 sessions" }).click();
  await expect(sessions.getByText("Not logged in anywhere.")).toBeVisible();
  for (const client of theirs) expect((await client.GET("/me")).response.status).toBe(401);
});

test("somebody who cannot log in gets a password link, and loses lost factors", async ({
  page,
  workspace,
  signIn,
  api,
  mailTo,
  isPhone,
}) => {
  const second = await workspace.member("admin", { name: "Otto Admin" });
  await api(second);
  await signIn(page, workspace.admin);
  await page.goto(PEOPLE);
  if (!isPhone) await expect(entry(page, isPhone, "Otto Admin").getByText("On", { exact: true })).toBeVisible();
  await person(page, /Otto Admin/).click();
  const panel = panelOf(page);
  await panel.getByRole("button", { name: "Make a password link" }).click();
  await expect(panel.getByRole("link", { name: "outbox" })).toBeVisible();
  expect((await mailTo(second.email)).link).toContain("/reset#");

  await panel.getByRole("button", { name: "Remove second factors" }).click();
  await expect(confirmation(page)).toContainText("recovery codes stop working");
  await confirmation(page).getByRole("button", { name: "Remove second factors" }).click();
  await expect(confirmation(page)).toBeHidden();
  await expect(panel.getByText("None", { exact: true })).toBeVisible();
  await expect(panel.getByText("Not logged in anywhere.")).toBeVisible();
});

test("factors of somebody who works elsewhere too are the operator's business @any-width", async ({
  page,
  workspace,
  makeWorkspace,
  signIn,
}) => {
  const amir = await workspace.member("agent", { name: "Amir Agent" });
  const other = await makeWorkspace();
  await other.member("agent", { email: amir.email });
  await signIn(page, workspace.admin);
  await page.goto(`${PEOPLE}?user=${amir.id}`);
  await panelOf(page).getByRole("button", { name: "Remove second factors" }).click();
  await confirmation(page).getByRole("button", { name: "Remove second factors" }).click();
  await expect(confirmation(page).getByRole("alert")).toContainText("works in other workspaces");
});

test("an agent sees who works here and changes nothing", async ({ page, workspace, signIn }) => {
  const amir = await workspace.member("agent", { name: "Amir Agent" });
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await signIn(page, amir);
  await page.goto(PEOPLE);
  await person(page, /Ada Admin/).click();
  const panel = panelOf(page);
  await expect(panel.getByText(workspace.admin.email).first()).toBeVisible();
  await expect(panel.getByText("Only admins change roles")).toBeVisible();
  await expect(panel.getByRole("combobox")).toHaveCount(0);
  await expect(panel.getByRole("button", { name: /Disable|Remove|Make a|End/ })).toHaveCount(0);
  await expectAccessible(page);
  await panel.getByRole("button", { name: "Close" }).click();
  await expect(page.getByRole("button", { name: "Invite people" })).toHaveCount(0);
  await expect(page.getByRole("link", { name: "Invitations" })).toHaveCount(0);

  await page.goto("/settings/users/invitations");
  await expect(page.getByRole("heading", { name: "Your role may not invite people" })).toBeVisible();
  expect(asked.filter((path) => /invitations$|sessions$/.test(path) && path.startsWith("/api/"))).toEqual([]);
});

test("ten thousand people scroll, and one of them is found", async ({
  page,
  workspace,
  signIn,
  manyPeople,
  isPhone,
}) => {
  test.setTimeout(120_000);
  await manyPeople(10_000);
  await signIn(page, workspace.admin);
  await page.goto(PEOPLE);
  const rows = isPhone ? page.getByRole("list", { name: "People" }).getByRole("listitem") : page.getByRole("row");
  await expect(rows.nth(5)).toBeVisible();
  await rows.nth(5).hover();
  await expect(async () => {
    await page.mouse.wheel(0, 100_000);
    // What is in the document is what is in sight, and a little around it.
    expect(await rows.count()).toBeLessThan(80);
    const place = await rows.last().getAttribute(isPhone ? "aria-posinset" : "aria-rowindex");
    expect(Number(place)).toBeGreaterThan(500);
  }).toPass({ intervals: [20], timeout: 45_000 });

  await page.getByRole("searchbox", { name: "Search people" }).fill("9876");
  await expect(person(page, /9876/)).toHaveCount(1);
  await person(page, /9876/).click();
  await expect(panelOf(page).getByText(/9876/).first()).toBeVisible();
});

test("names of any kind stay in their place", async ({ page, workspace, signIn }) => {
  const names = ["<b onclick=alert(1)>Bold</b>", "שרה כהן-לוי", "🦊🦊 Fox", "W".repeat(200), "\u202eevil\u202c admin"];
  for (const name of names) await workspace.member("viewer", { name });
  await signIn(page, workspace.admin);
  await page.goto(PEOPLE);
  await expect(person(page, /<b onclick=alert\(1\)>Bold<\/b>/)).toBeVisible();
  await expect(person(page, /שרה כהן-לוי/)).toBeVisible();
  await expect(person(page, /🦊🦊 Fox/)).toBeVisible();
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  expect(await wide()).toBe(false);
  await expectAccessible(page);
  await person(page, /WWWW/).click();
  await expect(panelOf(page).getByText("W".repeat(200)).first()).toBeVisible();
  expect(await wide()).toBe(false);
  await panelOf(page).getByRole("button", { name: "Remove…" }).click();
  await expect(confirmation(page).getByRole("textbox", { name: /^Type “viewer\..*@.*” to confirm$/ })).toBeVisible();
});

test("words of a newer server are shown as they come @any-width", async ({ page, workspace, signIn }) => {
  const strange = {
    id: "usr_01kagx4f0ve2pbkr7w3m9d5tqz",
    email: "new@acme.test",
    name: "Nora New",
    role: "auditor",
    status: "sleeping",
    has_mfa: false,
    uses_sso: true,
    created_at: "2026-01-01T00:00:00Z",
    last_seen_at: null,
  };
  await signIn(page, workspace.admin);
  await page.route(/\/api\/v1\/users(\?|$)/, (route) => route.fulfill({ json: { items: [strange] } }));
  await page.route(/\/api\/v1\/users\/usr_01kagx[^/]*$/, (route) => route.fulfill({ json: strange }));
  await page.route(/\/api\/v1\/users\/usr_01kagx[^/]*\/sessions$/, (route) => route.fulfill({ json: [] }));
  await page.goto(PEOPLE);
  await expect(page.getByText("auditor")).toBeVisible();
  await expect(page.getByText("sleeping")).toBeVisible();
  await person(page, /Nora New/).click();
  await expect(panelOf(page).getByRole("combobox", { name: "Role" })).toHaveText("auditor");
});

test("what another admin does appears by itself @any-width", async ({ page, workspace, signIn, api }) => {
  const amir = await workspace.member("agent", { name: "Amir Agent" });
  const admin = await api(workspace.admin);
  await signIn(page, workspace.admin);
  await page.goto(PEOPLE);
  await expect(person(page, /Amir Agent/)).toBeVisible();
  await expect(page.getByText("Sales rep")).toHaveCount(0);
  await dataOf(admin.PATCH("/users/{id}", { params: { path: { id: amir.id } }, body: { role: "sales_rep" } }));
  await expect(page.getByText("Sales rep")).toBeVisible();
});

test("with the keyboard alone: search, open, close, on to the next", async ({ page, workspace, signIn, isPhone }) => {
  await workspace.member("agent", { name: "Amir Agent" });
  await workspace.member("agent", { name: "Amira Agent" });
  await signIn(page, workspace.admin);
  await page.goto(PEOPLE);
  await expect(person(page, /Ada Admin/)).toBeVisible();
  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox", { name: "Search people" })).toBeFocused();
  await page.keyboard.type("amir");
  await expect(person(page, /Ada Admin/)).toHaveCount(0);
  for (let steps = 0; steps < 12; steps++) {
    await page.keyboard.press("Tab");
    if (await person(page, /Amir Agent/).evaluate((element) => element === document.activeElement)) break;
  }
  await expect(person(page, /Amir Agent/)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(panelOf(page)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(panelOf(page)).toBeHidden();
  await expect(person(page, /Amir Agent/)).toBeFocused();
  if (isPhone) return;
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(panelOf(page).getByText("Amira Agent").first()).toBeVisible();
});
