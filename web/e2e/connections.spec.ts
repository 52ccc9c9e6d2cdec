/** Connections: how accounts are, what mends them, connecting and disconnecting, apps of one's own, and web chat. */
import type { Schemas } from "@socialai/api-client";
import type { Locator, Page } from "@playwright/test";

import { ago, anAccount, aPlatform, channels, comesBackWith, PLATFORMS, type Gap } from "./harness/channels.ts";
import { tabTo } from "./harness/frame.ts";
import { FAULT, refuse } from "./harness/refuse.ts";
import { expectNoSidewaysScroll, refusals, settled } from "./harness/settle.ts";
import { expect, expectAccessible, test } from "./harness/test.ts";

const CONNECTIONS = "/connections";

const card = (page: Page, name: string): Locator =>
  page.getByRole("list", { name: "Accounts" }).getByRole("listitem", { name, exact: true });
const platform = (page: Page, name: string): Locator =>
  page.getByRole("list", { name: "Platforms" }).getByRole("listitem", { name, exact: true });
const connectDialog = (page: Page): Locator => page.getByRole("dialog", { name: "Connect an account" });

const gap = (id: string, account: string, changes: Partial<Gap>): Gap => ({
  id,
  account_id: account,
  from_at: ago(3),
  until_at: ago(2),
  reason: "The platform did not answer.",
  state: "lost",
  recovered: 0,
  opened_at: ago(3),
  closed_at: null,
  ...changes,
});

const BROKEN = anAccount("1", "Harbour & Sons", {
  state: "needs_you",
  state_reason: "The password was changed at Facebook.",
});
const LATE = anAccount("2", "Old Mill", {
  platform: "x",
  handle: "@oldmill",
  state: "degraded",
  state_reason: "New messages are not delivered at once.",
  token_expires_at: new Date(Date.now() + 7_200_000).toISOString(),
  refresh_at: new Date(Date.now() + 5_400_000).toISOString(),
  quota: { limit: 15, remaining: 1 },
  quota_at: ago(0.2),
});
const FINE = anAccount("3", "Bakery North", { platform: "instagram", last_event_at: null });
const OVER = anAccount("4", "Left behind", { platform: "linkedin", state: "disconnected", disconnected_at: ago(20) });

test("each card says how its account is, where messages may be missing, and what mends it", async ({
  page,
  workspace,
  signIn,
}) => {
  await signIn(page, workspace.admin);
  await channels(page, {
    accounts: [FINE, OVER, BROKEN, LATE],
    gaps: {
      [BROKEN.id]: [gap("gap_1", BROKEN.id, { state: "open", until_at: null })],
      [FINE.id]: [gap("gap_2", FINE.id, {}), gap("gap_3", FINE.id, { state: "closed", recovered: 4 })],
    },
  });
  await page.goto(CONNECTIONS);
  await expect(page.getByText("1 account needs you, 1 is degraded, 1 is healthy.")).toBeVisible();
  const names = page.getByRole("list", { name: "Accounts" }).getByRole("heading", { level: 3 });
  await expect(names).toHaveText(["Harbour & Sons", "Old Mill", "Bakery North", "Left behind"]);

  const broken = card(page, "Harbour & Sons");
  await expect(broken).toContainText("Needs you");
  await expect(broken).toContainText("The password was changed at Facebook.");
  await expect(broken).toContainText("Messages may be missing since");
  await expect(broken.getByRole("button", { name: "Reconnect: Harbour & Sons" })).toBeVisible();
  const late = card(page, "Old Mill");
  await expect(late).toContainText("Degraded");
  await expect(late).toContainText("Renewed by itself");
  await expect(late).toContainText("Calls left: 1 of 15");
  const fine = card(page, "Bakery North");
  await expect(fine).toContainText("Nothing came yet");
  await expect(fine).toContainText("The platform cannot give them back");
  await expect(fine).not.toContainText("Nothing is missing");
  await expect(fine.getByRole("button", { name: /connect/i })).toHaveCount(0);
  await expect(card(page, "Left behind").getByRole("button", { name: /^Connect again/ })).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);

  await fine.getByRole("link", { name: "Bakery North" }).click();
  await expect(page.getByRole("heading", { name: "Bakery North", level: 1 })).toBeVisible();
  await expect(page.getByText(/Nothing is missing .*4 messages were fetched/)).toBeVisible();
  await expect(page.getByText("The platform did not answer.").first()).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
});

const CHOICE: Schemas["ChannelConnection"] = {
  platform: "facebook",
  uses_own_app: false,
  scopes: ["pages_show_list"],
  missing_scopes: ["pages_messaging"],
  accounts: ["Harbour & Sons", "Harbour Museum", "Bakery North", "Bakery South", "Old Mill", "Lighthouse"].map(
    (name, index) => ({
      external_id: `90${index}`,
      name,
      handle: null,
      avatar_url: null,
      account_id: index === 0 ? BROKEN.id : null,
      is_connected: index === 1,
    }),
  ),
};

test("an account is connected again in this tab, and of the others found one more", async ({
  page,
  workspace,
  signIn,
}) => {
  await signIn(page, workspace.admin);
  const all = await channels(page, { accounts: [BROKEN] });
  const { asked } = await comesBackWith(page, "platform=facebook&connection=tk_1");
  const sent: unknown[] = [];
  await page.route("**/api/v1/channel-connections/tk_1", (route) => route.fulfill({ json: CHOICE }));
  await page.route("**/api/v1/channel-connections/tk_1/connect", (route) => {
    sent.push(route.request().postDataJSON());
    const problem = { code: "invalid", detail: "It belongs to another workspace." };
    if (sent.length === 1) all.accounts = [anAccount("1", "Harbour & Sons")];
    const first = { external_id: "900", account: anAccount("1", "Harbour & Sons"), problem: null };
    return route.fulfill({ json: sent.length > 1 ? [first] : [first, { external_id: "903", account: null, problem }] });
  });
  await page.goto(CONNECTIONS);
  await card(page, "Harbour & Sons")
    .getByRole("button", { name: /^Reconnect/ })
    .click();
  const picker = page.getByRole("dialog", { name: "Which accounts of Facebook?" });
  await expect(picker.getByRole("checkbox", { name: "Harbour & Sons" })).toBeChecked();
  expect(asked).toEqual(['facebook {"uses_own_app":false}']);
  await expect(picker).toContainText("Not granted: Read and answer messages to the page.");
  await expect(picker).toContainText("connected already");
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);

  await picker.getByRole("searchbox", { name: "Search accounts" }).fill("bakery s");
  await expect(picker.getByRole("checkbox")).toHaveCount(1);
  await picker.getByRole("checkbox", { name: "Bakery South" }).check();
  await picker.getByRole("button", { name: "Connect 2 accounts" }).click();
  await expect(picker.getByRole("alert")).toContainText("Bakery South: It belongs to another workspace.");
  await expect(page.getByText("1 account connected")).toBeVisible();
  await expectAccessible(page);
  expect(sent).toEqual([{ external_ids: ["900", "903"] }]);
  await picker.getByRole("button", { name: "Done" }).click();
  await expect(page).toHaveURL(/\/connections$/);
  await expect(card(page, "Harbour & Sons")).toContainText("Healthy");
});

test("every way back with an error is explained, and leads to a new beginning", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  await channels(page);
  for (const [error, words] of [
    ["declined", "The log-in at Facebook was cancelled"],
    ["refused", "Facebook refused the log-in"],
    ["expired", "The way back took too long"],
    ["no_accounts", "No account was found at Facebook"],
    ["failed", "Facebook did not answer as expected"],
    ["of_a_newer_server", "Facebook was not connected"],
  ]) {
    await page.goto(`${CONNECTIONS}?platform=facebook&error=${error}`);
    await expect(page.getByRole("alert").filter({ hasText: words ?? "" })).toBeVisible();
  }
  await expectAccessible(page);
  await page.getByRole("button", { name: "Connect again…" }).click();
  await expect(connectDialog(page).getByRole("radio", { name: "Facebook" })).toBeChecked();
  await expect(page).toHaveURL(/\/connections\?new=facebook$/);

  const unknown = { ...FAULT, status: 404, code: "not_found", title: "There is no such connection" };
  await refuse(page, /\/channel-connections\/tk_old$/, unknown);
  await page.goto(`${CONNECTIONS}?platform=facebook&connection=tk_old`);
  await expect(page.getByRole("alert").filter({ hasText: "The way back took too long" })).toBeVisible();
  await expectAccessible(page);
});

test("what is needed for a platform is said, and an own app is set without its secrets coming back", async ({
  page,
  workspace,
  signIn,
}) => {
  await signIn(page, workspace.admin);
  const all = await channels(page);
  await page.goto(CONNECTIONS);
  await expect(platform(page, "Facebook")).toContainText("Ready, through the operator's app.");
  await expect(platform(page, "Instagram")).toContainText("Ready, through your own app or the operator's.");
  await expect(platform(page, "LinkedIn")).toContainText("Not served by this installation.");
  await expect(platform(page, "X")).toContainText("Needs an app");
  await expect(platform(page, "X").getByRole("button", { name: "Connect X" })).toHaveCount(0);

  await page.getByRole("button", { name: "Connect an account" }).first().click();
  // The choice lies in the address, so it shows a moment after the click.
  await connectDialog(page).getByRole("radio", { name: "X", exact: true }).click();
  await expect(connectDialog(page)).toContainText("Needs an app");
  await connectDialog(page).getByRole("radio", { name: "Instagram" }).click();
  await expect(connectDialog(page).getByRole("radio", { name: "Instagram" })).toBeChecked();
  await expect(connectDialog(page).getByRole("radio", { name: "Your own app" })).toBeChecked();
  await expect(connectDialog(page)).toContainText("Read and answer messages to the page.");
  await expectAccessible(page);
  await connectDialog(page).getByRole("radio", { name: "X", exact: true }).click();
  await connectDialog(page).getByRole("button", { name: "Set own app…" }).click();

  let sent: unknown;
  await page.route("**/api/v1/channel-apps/x", (route) => {
    sent = route.request().postDataJSON();
    const app = { ...PLATFORMS[1]?.own_app, platform: "x" as const, client_id: "client-1" };
    all.platforms = [aPlatform("x", "X", { own_app: app as never, has_operator_app: false })];
    return route.fulfill({ json: app });
  });
  const dialog = page.getByRole("dialog", { name: "Your own app at X" });
  await expect(dialog).toContainText("/api/v1/auth/social/x/callback");
  await dialog.getByRole("button", { name: "Set the app" }).click();
  await expect(dialog.getByText("Fill in Client ID.")).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole("textbox", { name: "Client ID" }).fill("client-1");
  await dialog.getByLabel(/^Client secret/).fill("s3cret");
  await dialog.getByRole("textbox", { name: "API key secret" }).fill("consumer-s3cret");
  await dialog.getByRole("button", { name: "Set the app" }).click();
  await expect(page.getByText("Your app at X is set")).toBeVisible();
  expect(sent).toEqual({
    client_id: "client-1",
    client_secret: "s3cret",
    signing_secrets: ["consumer-s3cret"],
    verify_tokens: [],
  });

  await platform(page, "X").getByRole("button", { name: "Own app for X" }).click();
  await expect(dialog).toContainText("Its secrets are not shown");
  await expect(dialog.getByRole("textbox", { name: "Client ID" })).toHaveValue("client-1");
  await expect(dialog.getByLabel(/^Client secret/)).toHaveValue("");
  await expect(page.getByText("s3cret")).toHaveCount(0);
  await dialog.getByRole("button", { name: "Remove…" }).click();
  const question = page.getByRole("alertdialog", { name: "Remove your app at X?" });
  await expect(question).toContainText("The server refuses it while accounts are connected through it");
  await expectAccessible(page);
});

test("disconnecting says what ends and what stays", async ({ page, workspace, signIn, isPhone }) => {
  await signIn(page, workspace.admin);
  const all = await channels(page, { accounts: [FINE] });
  await page.route(`**/api/v1/channel-accounts/${FINE.id}/disconnect`, (route) => {
    all.accounts = [{ ...FINE, state: "disconnected", disconnected_at: ago(0) }];
    return route.fulfill({ json: all.accounts[0] });
  });
  await page.goto(CONNECTIONS);
  const more = card(page, "Bakery North").getByRole("button", { name: "More for Bakery North" });
  await more.click();
  await page.getByRole("menuitem", { name: "Disconnect…" }).click();
  const question = page.getByRole("alertdialog", { name: "Disconnect “Bakery North”?" });
  await expect(question).toContainText("Its conversations and contacts stay.");
  await expect(question).toContainText("Nobody can answer through it.");
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(question).toBeHidden();
  if (!isPhone) await expect(more).toBeFocused();
  await more.click();
  await page.getByRole("menuitem", { name: "Disconnect…" }).click();
  await question.getByRole("button", { name: "Disconnect 1 account" }).click();
  await expect(card(page, "Bakery North")).toContainText("Disconnected");
  await expect(page.getByText("“Bakery North” is disconnected")).toBeVisible();
});

test("an account's settings are saved whole, and taken back @any-width", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  const all = await channels(page, { accounts: [FINE] });
  const sent: Schemas["ChannelAccountChange"][] = [];
  await page.route(`**/api/v1/channel-accounts/${FINE.id}`, (route) => {
    if (route.request().method() !== "PATCH") return route.fallback();
    const change = route.request().postDataJSON() as Schemas["ChannelAccountChange"];
    sent.push(change);
    const account = {
      ...FINE,
      ...(change.name && { name: change.name }),
      ...(change.settings && { settings: change.settings }),
    };
    all.accounts = [account];
    return route.fulfill({ json: account });
  });
  await page.goto(`${CONNECTIONS}/${FINE.id}`);
  await page.getByRole("textbox", { name: "Longest answer" }).fill("many");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Write a number, or leave it empty.")).toBeVisible();
  await page.getByRole("textbox", { name: "Longest answer" }).fill("400");
  await page.getByRole("switch", { name: "Take comments and mentions" }).uncheck();
  await page.getByRole("switch", { name: "Human Agent was granted" }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("The account is changed")).toBeVisible();
  expect(sent[0]).toEqual({
    settings: {
      text_limit: 400,
      ignores_comments: true,
      has_human_agent: true,
      poll_every_seconds: null,
      widget: null,
    },
  });
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("switch", { name: "Take comments and mentions" })).toBeChecked();
  expect(sent).toHaveLength(2);
});

test("a change by somebody else appears, and does not touch what is being typed @any-width", async ({
  page,
  workspace,
  signIn,
}) => {
  await signIn(page, workspace.admin);
  const all = await channels(page, { accounts: [FINE] });
  let tell = () => {};
  const told = new Promise<void>((resolve) => (tell = resolve));
  await page.route("**/api/v1/events", async (route) => {
    await told;
    const event = { action: "channel_account.state_changed", entity_kind: "channel_account", entity_id: FINE.id };
    const data = JSON.stringify({ ...event, at: ago(0) });
    const body = `id: 1\nevent: ready\ndata: {}\n\nid: 2\nevent: channel_account.state_changed\ndata: ${data}\n\n`;
    await route.fulfill({ headers: { "content-type": "text/event-stream" }, body });
  });
  await page.goto(`${CONNECTIONS}/${FINE.id}`);
  await page.getByRole("textbox", { name: "Name" }).fill("Half typ");
  all.accounts = [{ ...FINE, state: "needs_you", state_reason: "The page was removed." }];
  tell();
  await expect(page.getByText("The page was removed.")).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Name" })).toHaveValue("Half typ");
});

test("names and reasons of strangers are text and break nothing", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  const name = `<img src=x onerror="alert(1)"> ${"ہیلو".repeat(30)}`;
  await channels(page, {
    accounts: [
      anAccount("1", name, { handle: "x".repeat(200), state: "degraded", state_reason: "<b>no</b>".repeat(40) }),
    ],
  });
  await page.goto(CONNECTIONS);
  await expect(page.getByRole("heading", { name: /^<img src=x/ })).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  await page.getByRole("link", { name: /^<img src=x/ }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("<img src=x");
  await expectNoSidewaysScroll(page);
});

test("a failure is told with a way on, and offline the way to the platform waits", async ({
  page,
  context,
  workspace,
  signIn,
}) => {
  await signIn(page, workspace.admin);
  await channels(page, { accounts: [FINE] });
  const mend = await refuse(page, /\/api\/v1\/channel-accounts$/);
  await page.goto(CONNECTIONS);
  await expect(page.getByRole("alert")).toContainText("Something went wrong on our side");
  await expectAccessible(page);
  await mend();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(card(page, "Bakery North")).toBeVisible();

  await platform(page, "Facebook").getByRole("button", { name: "Connect Facebook" }).click();
  await context.setOffline(true);
  await expect(connectDialog(page).getByText(/You are offline/)).toBeVisible();
  await expect(connectDialog(page).getByRole("button", { name: "Go on to Facebook" })).toBeDisabled();
  await context.setOffline(false);
  await expect(connectDialog(page).getByRole("button", { name: "Go on to Facebook" })).toBeEnabled();
});

test("who may not manage connections only looks, and a viewer is told who may", async ({ page, workspace, signIn }) => {
  await signIn(page, await workspace.member("agent"));
  await channels(page, { accounts: [BROKEN] });
  await page.goto(`${CONNECTIONS}?new=facebook`);
  await expect(card(page, "Harbour & Sons")).toContainText("Needs you");
  await expect(page.getByRole("button", { name: /connect|own app/i })).toHaveCount(0);
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expectAccessible(page);

  const refused = refusals(page);
  await signIn(page, await workspace.member("viewer"));
  await page.goto(CONNECTIONS);
  await expect(page.getByText("Your role may not see the connected accounts")).toBeVisible();
  await settled(page);
  expect(refused).toEqual([]);
  await expectAccessible(page);
});

test("with the keyboard alone somebody connects a page", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  await channels(page);
  await comesBackWith(page, "platform=facebook&connection=tk_1");
  await page.route("**/api/v1/channel-connections/tk_1", (route) => route.fulfill({ json: CHOICE }));
  await page.route("**/api/v1/channel-connections/tk_1/connect", (route) =>
    route.fulfill({ json: [{ external_id: "900", account: BROKEN, problem: null }] }),
  );
  const { keyboard } = page;
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Home", level: 1 })).toBeVisible();
  await keyboard.press("g");
  await keyboard.press("c");
  await expect(page.getByRole("heading", { name: "Connections", level: 1 })).toBeVisible();
  await expect(platform(page, "Facebook")).toBeVisible();
  await keyboard.press("n");
  await expect(connectDialog(page)).toBeVisible();
  await tabTo(page, connectDialog(page).getByRole("radio", { name: "Facebook" }));
  await keyboard.press("Space");
  await tabTo(page, connectDialog(page).getByRole("button", { name: "Go on to Facebook" }));
  await keyboard.press("Enter");
  const picker = page.getByRole("dialog", { name: "Which accounts of Facebook?" });
  await tabTo(page, picker.getByRole("checkbox", { name: "Lighthouse" }));
  await keyboard.press("Space");
  await tabTo(page, picker.getByRole("button", { name: "Connect 2 accounts" }));
  await keyboard.press("Enter");
  await expect(picker).toBeHidden();
  await expect(page).toHaveURL(/\/connections$/);
});
