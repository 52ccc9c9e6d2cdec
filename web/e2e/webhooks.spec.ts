/** Webhooks: an endpoint added, its secret seen once, deliveries that arrive and fail, and sending again. */
import { createHmac } from "node:crypto";

import { dataOf, type ApiClient } from "@socialai/api-client";
import type { Locator, Page } from "@playwright/test";

import { tabTo } from "./harness/frame.ts";
import { startReceiver, type Receiver } from "./harness/receiver.ts";
import { expectNoSidewaysScroll } from "./harness/settle.ts";
import { expect, expectAccessible, test as base } from "./harness/test.ts";

const WEBHOOKS = "/settings/webhooks";

const test = base.extend<{ receiver: Receiver }>({
  receiver: async ({}, give) => {
    const receiver = await startReceiver();
    await give(receiver);
    await receiver.close();
  },
});

const form = (page: Page) => page.getByRole("dialog", { name: "New endpoint" });
const panel = (page: Page) => page.getByRole("dialog", { name: "Delivery", exact: true });
const attempts = (page: Page) => panel(page).getByRole("list", { name: "Attempts" }).getByRole("listitem");
const entries = (page: Page, isPhone: boolean, text: RegExp): Locator =>
  isPhone
    ? page.getByRole("main").getByRole("listitem").filter({ hasText: text })
    : page.getByRole("row", { name: text });

async function keepSecret(dialog: Locator): Promise<string> {
  const secret = ((await dialog.getByLabel("Signing secret, text").textContent()) ?? "").trim();
  await dialog.getByRole("checkbox", { name: "I have saved the secret" }).check();
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(dialog).toBeHidden();
  return secret;
}

async function endpointOf(client: ApiClient, url: string, events = ["*"], isOrdered = false) {
  const body = { name: "Orders", url, events, is_ordered: isOrdered };
  return (await dataOf(client.POST("/webhook-endpoints", { body }))).endpoint;
}

test("an endpoint is added, its secret shown once, and a test event arrives while one watches", async ({
  page,
  workspace,
  signIn,
  receiver,
  isPhone,
}) => {
  await signIn(page, workspace.admin);
  await page.goto(WEBHOOKS);
  await expect(page.getByRole("heading", { name: "No system of yours listens yet" })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Add an endpoint" }).click();
  await form(page).getByRole("textbox", { name: "Name" }).fill("Orders");
  await form(page).getByRole("textbox", { name: "Address" }).fill(receiver.url);
  await form(page).getByRole("radio", { name: "Only what I choose" }).check();
  await form(page).getByRole("button", { name: "Add 1 endpoint" }).click();
  await expect(form(page).getByText("Choose at least one.")).toBeVisible();
  await form(page).getByRole("searchbox", { name: "Search events" }).fill("renamed");
  await form(page).getByRole("checkbox", { name: "Somebody's name changed." }).check();
  await form(page).getByRole("searchbox", { name: "Search events" }).fill("invit");
  await form(page).getByRole("checkbox", { name: "All of Invitations" }).check();
  await expect(form(page).getByText("5 events are chosen.")).toBeVisible();
  await expectAccessible(page);
  await form(page).getByRole("button", { name: "Add 1 endpoint" }).click();

  const dialog = page.getByRole("dialog", { name: "The secret of “Orders”" });
  await expect(dialog).toContainText("it cannot be shown again");
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(dialog.getByText("Save the secret first.")).toBeVisible();
  const secret = await keepSecret(dialog);
  expect(secret).toMatch(/^whsec_/);
  await expect(page.getByRole("heading", { name: "Orders", level: 1 })).toBeVisible();
  await expect(page.getByText("user.renamed, all of Invitations")).toBeVisible();
  await expect(page.getByText(secret)).toHaveCount(0);

  await page.getByRole("button", { name: "Send a test event" }).click();
  await expect(attempts(page)).toContainText("status 200", { timeout: 60_000 });
  await expect(attempts(page)).toContainText("webhook-signature: v1,");
  await expect(attempts(page)).toContainText("thank you");
  await expect(panel(page).getByText("This is a test. Nothing happened.")).toBeVisible();
  await expectAccessible(page);
  const [message] = receiver.received;
  const head = (name: string) => String(message?.headers[name]);
  const signed = `${head("webhook-id")}.${head("webhook-timestamp")}.${message?.body}`;
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  expect(head("webhook-signature")).toBe(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
  await page.keyboard.press("Escape");
  await expect(panel(page)).toBeHidden();
  await expect(entries(page, isPhone, /webhook\.test/)).toContainText("Delivered");
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
});

test("a refused address says why at its field, and nothing that was typed is lost", async ({
  page,
  workspace,
  signIn,
  api,
  receiver,
}) => {
  const client = await api(workspace.admin);
  await signIn(page, workspace.admin);
  await page.goto(`${WEBHOOKS}?new`);
  const address = form(page).getByRole("textbox", { name: "Address" });
  await form(page).getByRole("textbox", { name: "Name" }).fill('<img src=x onerror="alert(1)">');
  await address.fill("https://example.com/hooks#here");
  await form(page).getByRole("switch", { name: "In order" }).check();
  await form(page).getByRole("button", { name: "Add 1 endpoint" }).click();
  await expect(form(page).getByText(/This address cannot be used: it contains a #/)).toBeVisible();
  await expect(address).toBeFocused();
  await expect(address).toHaveAttribute("aria-invalid", "true");
  await expect(address).toHaveValue("https://example.com/hooks#here");
  await expect(form(page).getByRole("switch", { name: "In order" })).toBeChecked();
  await expectAccessible(page);
  await address.fill(receiver.url);
  await form(page).getByText("Advanced").click();
  const own = form(page).getByRole("textbox", { name: "Own signing secret" });
  await own.fill("whsec_short");
  await form(page).getByRole("button", { name: "Add 1 endpoint" }).click();
  await expect(own).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);
  const secret = `whsec_${Buffer.from("the receiver has had this for years").toString("base64")}`;
  await own.fill(secret);
  await form(page).getByRole("button", { name: "Add 1 endpoint" }).click();
  expect(await keepSecret(page.getByRole("dialog", { name: /^The secret of “<img src=x/ }))).toBe(secret);
  await expect(page.getByText("Events about the same thing one after the other")).toBeVisible();

  await page.getByRole("button", { name: "Change…" }).click();
  const change = page.getByRole("dialog", { name: "Change the endpoint" });
  await change.getByRole("textbox", { name: "Name" }).fill("Orders");
  await change.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { name: "Orders", level: 1 })).toBeVisible();
  const { items } = await dataOf(client.GET("/webhook-endpoints"));
  expect(items.map(({ name, events, is_ordered }) => [name, events, is_ordered])).toEqual([["Orders", ["*"], true]]);
});

test("a failing endpoint says why, and one click sends what it missed", async ({
  page,
  workspace,
  signIn,
  api,
  receiver,
  isPhone,
}) => {
  // Not 503, which asks to be left alone for a while.
  receiver.answer(500, "out of order");
  test.setTimeout(120_000);
  const client = await api(workspace.admin);
  const { id } = await endpointOf(client, receiver.url, ["tenant.*"], true);
  await signIn(page, workspace.admin);
  await page.goto(`${WEBHOOKS}/${id}`);
  await expect(page.getByRole("heading", { name: "Nothing was sent yet" })).toBeVisible();
  await dataOf(client.PATCH("/tenant", { body: { name: "Renamed for the webhook" } }));
  await expect(entries(page, isPhone, /tenant\.renamed/)).toContainText("Trying again", { timeout: 60_000 });
  await expect(page.getByRole("heading", { name: "This endpoint fails" })).toBeVisible();
  await expect(page.getByText(/^Failing, began/)).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  await page.getByRole("link", { name: /tenant\.renamed/ }).click();
  await expect(attempts(page).first()).toContainText("status 500");
  await expect(attempts(page).first()).toContainText("out of order");
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(panel(page)).toBeHidden();

  await page.goto(WEBHOOKS);
  await expect(entries(page, isPhone, /Orders/)).toContainText("Failing, began");
  await expectAccessible(page);
  await page.getByRole("link", { name: /Orders/ }).click();
  receiver.answer(200, "works again");
  await page.getByRole("button", { name: "Send what it missed now" }).click();
  await expect(entries(page, isPhone, /tenant\.renamed/)).toContainText("Delivered", { timeout: 60_000 });
  await expect(page.getByRole("heading", { name: "This endpoint fails" })).toHaveCount(0);
});

test("deliveries are found by the address, and sent again one by one or by their time", async ({
  page,
  workspace,
  signIn,
  api,
  receiver,
  isPhone,
}) => {
  const client = await api(workspace.admin);
  const { id } = await endpointOf(client, receiver.url, ["tenant.*"]);
  await dataOf(client.PATCH("/tenant", { body: { name: "Renamed for the webhook" } }));
  const test = { params: { path: { id } } };
  await dataOf(client.POST("/webhook-endpoints/{id}/test", test));
  await expect.poll(() => receiver.received.length, { timeout: 60_000 }).toBe(2);
  await signIn(page, workspace.admin);
  await page.goto(`${WEBHOOKS}/${id}?event=tenant.renamed&state=failed`);
  await expect(page.getByRole("heading", { name: "No delivery fits" })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Clear State" }).click();
  await expect(page).toHaveURL(/\?event=tenant\.renamed$/);
  await expect(page.getByRole("link", { name: /tenant\.renamed/ })).toBeVisible();
  await expect(page.getByRole("link", { name: /webhook\.test/ })).toHaveCount(0);
  await page.getByRole("link", { name: /tenant\.renamed/ }).click();
  await panel(page).getByRole("button", { name: "Send 1 delivery again" }).click();
  await expect(attempts(page)).toHaveCount(2, { timeout: 60_000 });
  await expect(panel(page).getByRole("button", { name: "Send 1 delivery again" })).toBeVisible({ timeout: 60_000 });
  await page.keyboard.press("Escape");
  await expect(panel(page)).toBeHidden();
  const [first, again] = receiver.received.filter(({ body }) => body.includes("tenant.renamed"));
  expect(again?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);

  await page.getByRole("button", { name: "Send again…" }).click();
  const ask = page.getByRole("dialog", { name: "Send deliveries again" });
  await ask.getByLabel("Before").fill("2020-01-01T00:00");
  await ask.getByRole("button", { name: "Send them again" }).click();
  await expect(ask.getByText("The window ends before it begins.")).toBeVisible();
  await expectAccessible(page);
  await ask.getByLabel("Before").fill("2099-01-01T00:00");
  await ask.getByRole("checkbox", { name: "Delivered" }).check();
  await ask.getByRole("button", { name: "Send them again" }).click();
  await expect(page.getByText("2 deliveries are on the way again")).toBeVisible();
  await expect.poll(() => receiver.received.length, { timeout: 60_000 }).toBe(5);
  await page.getByRole("button", { name: "Clear Event" }).click();
  await expect(entries(page, isPhone, /webhook\.test/)).toContainText("Delivered", { timeout: 60_000 });
});

test("an endpoint that is gone is off; it is switched on, gets another secret, and is removed", async ({
  page,
  workspace,
  signIn,
  api,
  receiver,
}) => {
  receiver.answer(410);
  const client = await api(workspace.admin);
  const { id } = await endpointOf(client, receiver.url, ["tenant.*"]);
  await signIn(page, workspace.admin);
  await page.goto(`${WEBHOOKS}/${id}`);
  await expect(page.getByRole("heading", { name: "Nothing was sent yet" })).toBeVisible();
  await dataOf(client.PATCH("/tenant", { body: { name: "Renamed for the webhook" } }));
  await expect(page.getByRole("heading", { name: "Off: it answered that it is gone (410)" })).toBeVisible({
    timeout: 60_000,
  });
  await expectAccessible(page);
  receiver.answer(200);
  await page.getByRole("button", { name: "Switch on and send what it missed" }).click();
  await expect(page.getByText("The endpoint is switched on")).toBeVisible();
  await expect(page.getByText("Works", { exact: true })).toBeVisible();

  await page.getByRole("button", { name: "More" }).first().click();
  await page.getByRole("menuitem", { name: "Switch off…" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Switch 1 endpoint off" }).click();
  await expect(page.getByRole("heading", { name: "Somebody switched this endpoint off" })).toBeVisible();
  await page.getByRole("button", { name: "Only switch on" }).click();
  await expect(page.getByText("Works", { exact: true })).toBeVisible();

  await page.getByRole("button", { name: "More" }).first().click();
  await page.getByRole("menuitem", { name: "Rotate the secret…" }).click();
  const ask = page.getByRole("dialog", { name: "Rotate the secret?" });
  await ask.getByRole("textbox").fill("1000");
  await ask.getByRole("button", { name: "Rotate 1 secret" }).click();
  await expect(ask.getByText("Type a whole number from 0 to 720.")).toBeVisible();
  await ask.getByRole("textbox").fill("48");
  await expectAccessible(page);
  await ask.getByRole("button", { name: "Rotate 1 secret" }).click();
  const dialog = page.getByRole("dialog", { name: "The secret of “Orders”" });
  await expect(dialog).toContainText("signed with the old secret, too");
  await keepSecret(dialog);
  await expect(page.getByText(/^Signs along until/)).toBeVisible();

  await page.getByRole("button", { name: "More" }).first().click();
  await page.getByRole("menuitem", { name: "Remove…" }).click();
  await expectAccessible(page);
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove 1 endpoint" }).click();
  await expect(page.getByRole("heading", { name: "No system of yours listens yet" })).toBeVisible();
});

test("who may not see webhooks does not even ask for them", async ({ page, workspace, signIn }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await signIn(page, await workspace.member("viewer"));
  for (const address of [WEBHOOKS, `${WEBHOOKS}/whe_01kagx4f0ve2pbkr7w3m9d5tqz`]) {
    await page.goto(address);
    await expect(page.getByRole("heading", { name: "Your role may not see the webhooks" })).toBeVisible();
  }
  await expectAccessible(page);
  expect(asked.filter((path) => path.startsWith("/api/v1/webhook"))).toEqual([]);
});

test("who may only look sees deliveries and no buttons; a wrong address is said to be one", async ({
  page,
  workspace,
  signIn,
  api,
  receiver,
  watch,
}) => {
  watch.expectComplaint(/404|400/);
  const { id } = await endpointOf(await api(workspace.admin), receiver.url);
  await signIn(page, await workspace.member("manager"));
  await page.goto(`${WEBHOOKS}/${id}`);
  await expect(page.getByRole("heading", { name: "Orders", level: 1 })).toBeVisible();
  for (const name of ["Send a test event", "Change…", "Send again…"]) {
    await expect(page.getByRole("button", { name })).toHaveCount(0);
  }
  await page.goto(`${WEBHOOKS}/whe_01kagx4f0ve2pbkr7w3m9d5tqz`);
  await expect(page.getByRole("heading", { name: "There is no such endpoint here" })).toBeVisible();
  await expectAccessible(page);
});

test("with the keyboard alone an endpoint is added and tested", async ({ page, workspace, signIn, receiver }) => {
  await signIn(page, workspace.admin);
  await page.goto(WEBHOOKS);
  await expect(page.getByRole("heading", { name: "No system of yours listens yet" })).toBeVisible();
  const { keyboard } = page;
  await keyboard.press("n");
  await expect(form(page).getByRole("textbox", { name: "Name" })).toBeFocused();
  await keyboard.type("Typed");
  await tabTo(page, form(page).getByRole("textbox", { name: "Address" }));
  await keyboard.type(receiver.url);
  await keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "The secret of “Typed”" });
  await expect(dialog.getByRole("checkbox", { name: "I have saved the secret" })).toBeFocused();
  await keyboard.press("Space");
  await tabTo(page, dialog.getByRole("button", { name: "Done" }));
  await keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Typed", level: 1 })).toBeVisible();
  await tabTo(page, page.getByRole("button", { name: "Send a test event" }));
  await keyboard.press("Enter");
  await expect(attempts(page).filter({ hasText: "status 200" })).toBeVisible({ timeout: 60_000 });
  await keyboard.press("Escape");
  await expect(panel(page)).toBeHidden();
});
