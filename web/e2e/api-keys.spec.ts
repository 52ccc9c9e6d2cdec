/** API keys: made and shown once, found, rotated, revoked. */
import { createClient, dataOf } from "@socialai/api-client";
import type { Locator, Page } from "@playwright/test";

import { expect, expectAccessible, test } from "./harness/test.ts";

const KEYS = "/settings/api-keys";

const form = (page: Page) => page.getByRole("dialog", { name: "New API key" });
const secretDialog = (page: Page, name: string) => page.getByRole("dialog", { name: `The key “${name}”` });
const opener = (page: Page, name: string | RegExp) => page.getByRole("main").getByRole("button", { name });

/** The row or the card of a key. */
const entry = (page: Page, isPhone: boolean, text: RegExp): Locator =>
  isPhone ? page.getByRole("listitem").filter({ hasText: text }) : page.getByRole("row", { name: text });

/** The secret that is shown, and the status of a request with it. */
const secretOf = async (dialog: Locator) => ((await dialog.getByLabel("API key, text").textContent()) ?? "").trim();
const visible = (secret: string) => (secret.split("_")[2] ?? "").slice(-8);

function program(origin: string, secret: string, address: string) {
  const send = (request: Request) => {
    request.headers.set("x-forwarded-for", address);
    return fetch(request);
  };
  return createClient({ origin, credential: () => secret, fetch: send });
}

test("a key is shown once, and nothing closes it by accident", async ({
  page,
  workspace,
  signIn,
  program: { url },
  address,
}) => {
  await signIn(page, workspace.admin);
  await page.goto(KEYS);
  await expect(page.getByRole("heading", { name: "No program works here yet" })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "New API key" }).click();
  await form(page).getByRole("button", { name: "Make 1 key" }).click();
  await expect(form(page).getByText("Fill in Name.")).toBeVisible();
  await form(page).getByRole("textbox", { name: "Name" }).fill("Nightly export");
  await expectAccessible(page);
  await form(page).getByRole("button", { name: "Make 1 key" }).click();

  const dialog = secretDialog(page, "Nightly export");
  await expect(dialog).toContainText("it cannot be shown again");
  await expect(dialog).toContainText(`${url}/api/v1/users`);
  await expectAccessible(page);
  const secret = await secretOf(dialog);
  expect(secret).toMatch(/^sk_/);
  await page.keyboard.press("Escape");
  await expect(dialog.getByText("Save the key first.")).toBeVisible();
  await dialog.getByRole("button", { name: "Done" }).click();
  await page.evaluate(() => history.back());
  await expect(dialog).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole("checkbox", { name: "I have saved the key" }).check();
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText(secret)).toHaveCount(0);
  await expect(opener(page, /Nightly export/)).toBeVisible();
  await expect(page.getByText(`sk_…${visible(secret)}`)).toBeVisible();

  // Read everything, change nothing.
  const client = program(url, secret, address);
  expect((await client.GET("/users")).response.status).toBe(200);
  const invitation = { email: "x@acme.test", name: "X", role: "viewer" as const };
  expect((await client.POST("/invitations", { body: invitation })).response.status).toBe(403);
});

test("a key gets just the scopes that were chosen, and an end", async ({ page, workspace, signIn, api }) => {
  await signIn(page, workspace.admin);
  await page.goto(`${KEYS}?new`);
  await form(page).getByRole("textbox", { name: "Name" }).fill('<img src=x onerror="alert(1)">');
  await form(page).getByRole("radio", { name: "Only what I choose" }).check();
  await form(page).getByRole("button", { name: "Make 1 key" }).click();
  await expect(form(page).getByText("Choose at least one.")).toBeVisible();
  const audit = form(page).getByRole("group", { name: "Audit log" });
  await audit.getByRole("checkbox", { name: "Download the audit log." }).check();
  await form(page).getByRole("group", { name: "People" }).getByRole("checkbox").first().check();
  await form(page).getByRole("combobox", { name: "Ends" }).click();
  await page.getByRole("option", { name: "On a date…" }).click();
  await form(page).getByRole("textbox", { name: "Last day" }).fill("2020-01-01");
  await form(page).getByRole("button", { name: "Make 1 key" }).click();
  await expect(form(page).getByText("This day is over.")).toBeVisible();
  await expectAccessible(page);
  await form(page).getByRole("textbox", { name: "Last day" }).fill("2099-12-31");
  await form(page).getByRole("button", { name: "Make 1 key" }).click();
  const dialog = secretDialog(page, '<img src=x onerror="alert(1)">');
  await dialog.getByRole("checkbox", { name: "I have saved the key" }).check();
  await dialog.getByRole("button", { name: "Done" }).click();

  const admin = await api(workspace.admin);
  const { items } = await dataOf(admin.GET("/api-keys"));
  expect(items.map(({ scopes }) => scopes.toSorted())).toEqual([["audit:export", "users:read"]]);
  expect(items[0]?.expires_at).toMatch(/^2099-12-31T/);

  await opener(page, /<img src=x/).click();
  const panel = page.getByRole("dialog", { name: "API key" });
  await expect(panel.getByText("Download the audit log.")).toBeVisible();
  await expect(panel.getByRole("link", { name: "Ada Admin" })).toBeVisible();
  await expectAccessible(page);
});

test("a rotated key has a successor, and works on for a while", async ({
  page,
  workspace,
  signIn,
  api,
  program: { url },
  address,
  isPhone,
}) => {
  const admin = await api(workspace.admin);
  const { secret: old } = await dataOf(admin.POST("/api-keys", { body: { name: "Exporter", scopes: ["users:read"] } }));
  await signIn(page, workspace.admin);
  await page.goto(KEYS);
  await opener(page, /Exporter/).click();
  await page.getByRole("dialog", { name: "API key" }).getByRole("button", { name: "Rotate…" }).click();
  const ask = page.getByRole("dialog", { name: "Rotate this key?" });
  await ask.getByRole("combobox", { name: /How long shall the old key .* go on working\?/ }).click();
  await page.getByRole("option", { name: "7 days" }).click();
  await expectAccessible(page);
  await ask.getByRole("button", { name: "Rotate 1 key" }).click();
  const dialog = secretDialog(page, "Exporter");
  await expect(dialog).toContainText(`The old key sk_…${visible(old)} works until`);
  const secret = await secretOf(dialog);
  await dialog.getByRole("checkbox", { name: "I have saved the key" }).check();
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(entry(page, isPhone, new RegExp(visible(old)))).toContainText("Rotated, ends in");
  await expect(entry(page, isPhone, new RegExp(visible(secret)))).toContainText("Works");
  for (const key of [old, secret]) {
    expect((await program(url, key, address).GET("/users")).response.status).toBe(200);
  }

  await entry(page, isPhone, new RegExp(visible(old)))
    .getByRole("button", { name: "More" })
    .click();
  await expect(page.getByRole("menuitem", { name: "Rotate…" })).toHaveCount(0);
  await page.getByRole("menuitem", { name: "Open" }).click();
  await page.getByRole("dialog", { name: "API key" }).getByRole("link", { name: "its successor" }).click();
  await expect(page.getByRole("dialog", { name: "API key" })).toContainText(`sk_…${visible(secret)}`);
});

test("a revoked key is refused at once", async ({
  page,
  workspace,
  signIn,
  api,
  program: { url },
  address,
  isPhone,
}) => {
  const admin = await api(workspace.admin);
  const { secret } = await dataOf(admin.POST("/api-keys", { body: { name: "Leaked", scopes: ["*"] } }));
  const client = program(url, secret, address);
  expect((await client.GET("/users")).response.status).toBe(200);
  await signIn(page, workspace.admin);
  await page.goto(KEYS);
  await entry(page, isPhone, /Leaked/)
    .getByRole("button", { name: "More" })
    .click();
  await page.getByRole("menuitem", { name: "Revoke…" }).click();
  const ask = page.getByRole("alertdialog", { name: /^Revoke the key sk_/ });
  await expect(ask).toContainText("Every program that uses it is refused from now on. It was last used");
  await ask.getByRole("button", { name: "Revoke 1 key" }).click();
  await expect(ask).toBeHidden();
  await expect(entry(page, isPhone, /Leaked/)).toContainText("Revoked");
  expect((await client.GET("/users")).response.status).toBe(401);
});

test("a pasted key is found, and its secret goes nowhere @any-width", async ({ page, workspace, signIn, api }) => {
  const admin = await api(workspace.admin);
  const { secret } = await dataOf(admin.POST("/api-keys", { body: { name: "Wanted", scopes: ["users:read"] } }));
  await dataOf(admin.POST("/api-keys", { body: { name: "Other", scopes: ["users:read"] } }));
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await signIn(page, workspace.admin);
  await page.goto(KEYS);
  await expect(opener(page, /Other/)).toBeVisible();
  await page.getByRole("searchbox", { name: "Search API keys" }).fill(secret);
  await expect(opener(page, /Other/)).toHaveCount(0);
  await expect(opener(page, /Wanted/)).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`prefix=${visible(secret)}$`));
  expect(asked.filter((address) => address.includes(secret.split("_").slice(3).join("_")))).toEqual([]);
  await page.getByRole("searchbox", { name: "Search API keys" }).fill("nothing");
  await expect(page.getByRole("heading", { name: "No key matches" })).toBeVisible();
});

test("who may not see keys does not even ask for them", async ({ page, workspace, signIn }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await signIn(page, await workspace.member("manager"));
  await page.goto(KEYS);
  await expect(page.getByRole("heading", { name: "Your role may not see the API keys" })).toBeVisible();
  await expectAccessible(page);
  expect(asked.filter((path) => path.startsWith("/api/v1/api-keys"))).toEqual([]);
});

test("with the keyboard alone a key is made and revoked", async ({ page, workspace, signIn, isPhone }) => {
  await signIn(page, workspace.admin);
  await page.goto(KEYS);
  await expect(page.getByRole("heading", { name: "No program works here yet" })).toBeVisible();
  await page.keyboard.press("n");
  await expect(form(page).getByRole("textbox", { name: "Name" })).toBeFocused();
  await page.keyboard.type("Typed");
  await page.keyboard.press("Enter");
  const dialog = secretDialog(page, "Typed");
  await expect(dialog.getByRole("checkbox", { name: "I have saved the key" })).toBeFocused();
  await page.keyboard.press("Space");
  await page.keyboard.press("Tab");
  await expect(dialog.getByRole("button", { name: "Done" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();

  const key = opener(page, /Typed/);
  await key.focus();
  await page.keyboard.press("Enter");
  const revoke = page.getByRole("dialog", { name: "API key" }).getByRole("button", { name: "Revoke…" });
  await expect(revoke).toBeVisible();
  for (let steps = 0; steps < 12; steps++) {
    await page.keyboard.press("Tab");
    if (await revoke.evaluate((element) => element === document.activeElement)) break;
  }
  await page.keyboard.press("Enter");
  const ask = page.getByRole("alertdialog");
  await expect(ask).toBeVisible();
  for (let steps = 0; steps < 4; steps++) {
    const confirm = ask.getByRole("button", { name: "Revoke 1 key" });
    if (await confirm.evaluate((element) => element === document.activeElement)) break;
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await expect(ask).toBeHidden();
  await expect(entry(page, isPhone, /Typed/)).toContainText("Revoked");
});
