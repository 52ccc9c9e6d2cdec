/** Alerts: who is told, what counts as wrong, and an alert that is raised while one watches. */
import { createHmac } from "node:crypto";

import { dataOf } from "@socialai/api-client";
import type { Locator, Page } from "@playwright/test";

import { tabTo } from "./harness/frame.ts";
import { startReceiver, type Receiver } from "./harness/receiver.ts";
import { expectNoSidewaysScroll } from "./harness/settle.ts";
import { expect, expectAccessible, test as base } from "./harness/test.ts";

const ALERTING = "/settings/alerts";
/** A workspace is looked at every half minute. */
const LOOK = { timeout: 90_000 };
const SOON = { timeout: 60_000 };

const test = base.extend<{ receiver: Receiver; pager: Receiver }>({
  receiver: async ({}, give) => {
    const receiver = await startReceiver();
    await give(receiver);
    await receiver.close();
  },
  pager: async ({}, give) => {
    const pager = await startReceiver();
    await give(pager);
    await pager.close();
  },
});

const form = (page: Page) => page.getByRole("dialog", { name: "New target" });
const target = (page: Page, name: string) =>
  page.getByRole("list", { name: "Targets" }).getByRole("listitem", { name, exact: true });
const entries = (page: Page, isPhone: boolean, text: RegExp): Locator =>
  isPhone
    ? page.getByRole("main").getByRole("listitem").filter({ hasText: text })
    : page.getByRole("row", { name: text });

async function keepSecret(page: Page, name: string): Promise<string> {
  const dialog = page.getByRole("dialog", { name: `The secret of “${name}”` });
  const secret = ((await dialog.getByLabel("Signing secret, text").textContent()) ?? "").trim();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(dialog.getByText("Save the secret first.")).toBeVisible();
  await dialog.getByRole("checkbox", { name: "I have saved the secret" }).check();
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(dialog).toBeHidden();
  return secret;
}

test("a target is added, a test arrives, and what became of it is said", async ({
  page,
  workspace,
  signIn,
  receiver,
}) => {
  test.setTimeout(120_000);
  await signIn(page, workspace.admin);
  await page.goto(ALERTING);
  await page.getByRole("button", { name: "Add a target" }).click();
  await form(page).getByRole("radio", { name: "PagerDuty" }).check();
  await expect(form(page).getByRole("textbox", { name: "Integration key" })).toBeVisible();
  await expectAccessible(page);
  await form(page).getByRole("radio", { name: "E-mail" }).check();
  await expect(form(page).getByRole("textbox", { name: "Addresses" })).toBeVisible();
  await form(page).getByRole("radio", { name: "Webhook" }).check();
  await form(page).getByRole("textbox", { name: "Name" }).fill("On call");
  await form(page).getByRole("textbox", { name: "Address" }).fill(receiver.url);
  await form(page).getByText("Advanced").click();
  await form(page).getByRole("textbox", { name: "Own signing secret" }).fill("whsec_too-short");
  await form(page).getByRole("button", { name: "Add 1 target" }).click();
  await expect(form(page).getByRole("textbox", { name: "Own signing secret" })).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);
  await form(page).getByRole("textbox", { name: "Own signing secret" }).fill("");
  await form(page).getByRole("button", { name: "Add 1 target" }).click();
  const secret = await keepSecret(page, "On call");
  expect(secret).toMatch(/^whsec_/);
  const row = target(page, "On call");
  await expect(row).toContainText("Never used");

  await row.getByRole("button", { name: "Send a test" }).click();
  await expect(row.getByText("The test was taken.")).toBeVisible(SOON);
  await expect(row).toContainText("Works");
  const [message] = receiver.received;
  const head = (name: string) => String(message?.headers[name]);
  const signed = `${head("webhook-id")}.${head("webhook-timestamp")}.${message?.body}`;
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  expect(head("webhook-signature")).toBe(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);

  receiver.answer(410);
  await row.getByRole("button", { name: "Send a test" }).click();
  await expect(row.getByText(/^The test was refused\./)).toBeVisible(SOON);
  await expect(row.getByText(/^Broken, began/)).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  receiver.answer(200);
  await row.getByRole("button", { name: "Send a test" }).click();
  await expect(row.getByText("The test was taken.")).toBeVisible(SOON);
  await expect(row).toContainText("Works");
});

test("a target is changed, switched off and on, and removed", async ({ page, workspace, signIn, api, receiver }) => {
  const client = await api(workspace.admin);
  await dataOf(client.POST("/alert-targets", { body: { kind: "webhook", name: "<b>Pager</b>", url: receiver.url } }));
  await signIn(page, workspace.admin);
  await page.goto(ALERTING);
  await page.getByRole("button", { name: "More for <b>Pager</b>" }).click();
  await page.getByRole("menuitem", { name: "Change…" }).click();
  const change = page.getByRole("dialog", { name: "Change “<b>Pager</b>”" });
  await change.getByRole("textbox", { name: "Name" }).fill("Pager");
  await change.getByRole("combobox", { name: "Takes" }).click();
  await page.getByRole("option", { name: "Errors and worse" }).click();
  await expectAccessible(page);
  await change.getByRole("button", { name: "Save" }).click();
  await expect(target(page, "Pager")).toContainText("Errors and worse");

  await page.getByRole("button", { name: "More for Pager" }).click();
  await page.getByRole("menuitem", { name: "Switch off" }).click();
  await expect(target(page, "Pager")).toContainText("Switched off");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(target(page, "Pager")).not.toContainText("Switched off");

  await dataOf(
    client.PATCH("/alert-rules/{name}", {
      params: { path: { name: "circuits.open" } },
      body: { targets: [await idOf("Pager")] },
    }),
  );
  await page.getByRole("button", { name: "More for Pager" }).click();
  await page.getByRole("menuitem", { name: "Remove…" }).click();
  const ask = page.getByRole("alertdialog", { name: "Remove “Pager”?" });
  await ask.getByRole("button", { name: "Remove 1 target" }).click();
  await expect(ask.getByRole("alert")).toContainText("circuits.open");
  await expectAccessible(page);
  await dataOf(
    client.PATCH("/alert-rules/{name}", { params: { path: { name: "circuits.open" } }, body: { targets: null } }),
  );
  await ask.getByRole("button", { name: "Remove 1 target" }).click();
  await expect(target(page, "Pager")).toHaveCount(0);

  async function idOf(name: string): Promise<string> {
    const { items } = await dataOf(client.GET("/alert-targets"));
    return items.find((one) => one.name === name)?.id ?? "";
  }
});

test("a rule is changed, says that it differs from its default, and is put back", async ({
  page,
  workspace,
  signIn,
  isPhone,
}) => {
  await signIn(page, workspace.admin);
  await page.goto(ALERTING);
  const row = entries(page, isPhone, /Oldest waiting job/);
  await expect(row).toContainText("Over 5 min for 2 min");
  await expect(row).not.toContainText("Default:");
  await row.getByText("Oldest waiting job").click();
  const dialog = page.getByRole("dialog", { name: "Oldest waiting job", exact: true });
  await dialog.getByRole("textbox", { name: "Alert when it is more than" }).fill("a lot");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByText("Type a number from 0 to 1,000,000,000.")).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole("textbox", { name: "Alert when it is more than" }).fill("60");
  await dialog.getByRole("textbox", { name: "For how many minutes" }).fill("0");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toBeHidden();
  await expect(row).toContainText("Over 1 min");
  await expect(row).toContainText("Default: over 5 min for 2 min");
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);

  await row.getByText("Oldest waiting job").click();
  await dialog.getByRole("button", { name: "Back to the default" }).click();
  await expect(dialog.getByRole("textbox", { name: "Alert when it is more than" })).toHaveValue("300");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(row).toContainText("Default: over 5 min for 2 min");
  await row.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Back to the default" }).click();
  await expect(row).not.toContainText("Default:");
  await expect(row).toContainText("Over 5 min for 2 min");
});

test("what goes wrong appears by itself, and says who was told and where to mend it", async ({
  page,
  workspace,
  signIn,
  api,
  receiver,
  pager,
  isPhone,
}) => {
  test.setTimeout(180_000);
  receiver.answer(410);
  const client = await api(workspace.admin);
  await dataOf(client.POST("/alert-targets", { body: { kind: "webhook", name: "On call", url: pager.url } }));
  const body = { name: "Orders", url: receiver.url, events: ["tenant.*"] };
  await dataOf(client.POST("/webhook-endpoints", { body }));
  await signIn(page, workspace.admin);
  await page.goto("/alerts");
  await expect(page.getByRole("heading", { name: /^(Nothing is wrong|Nobody has looked yet)$/ })).toBeVisible();
  await expectAccessible(page);
  await dataOf(client.PATCH("/tenant", { body: { name: "Renamed for the webhook" } }));
  const row = entries(page, isPhone, /Orders/);
  await expect(row).toContainText("Open", LOOK);
  await expect(row).toContainText("Warning");
  await expect(page.getByRole("navigation", { name: "System" }).getByRole("link", { name: "Alerts" })).toContainText(
    "1",
  );
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);

  await page
    .getByRole("main")
    .getByRole("link", { name: /Orders/ })
    .click();
  await expect(page).toHaveURL(/\/alerts\/alt_/);
  const panel = page.getByRole("dialog", { name: "Alert" });
  const told = panel.getByRole("region", { name: "Who was told" }).getByRole("listitem").filter({ hasText: "On call" });
  await expect(told).toContainText("That it began");
  await expect(told).toContainText("Told", SOON);
  await expect(panel).toContainText("Webhook endpoints off");
  await expectAccessible(page);
  expect(pager.received.map(({ body }) => body).join()).toContain("Orders");
  await page.reload();
  await expect(told).toContainText("Told");
  await panel.getByRole("link", { name: "See the endpoint" }).click();
  await expect(page.getByRole("heading", { name: "Off: it answered that it is gone (410)" })).toBeVisible();

  await page.goto("/alerts?state=resolved&severity=critical");
  await expect(page.getByRole("heading", { name: "No alert fits" })).toBeVisible();
  await page.getByRole("button", { name: "Clear all filters" }).click();
  await expect(page).toHaveURL(/\/alerts$/);
  await expect(entries(page, isPhone, /Orders/)).toBeVisible();
});

test("who may only look sees alerts, rules and targets, and no way to change them", async ({
  page,
  workspace,
  signIn,
  api,
  receiver,
  isPhone,
  watch,
}) => {
  watch.expectComplaint(/404/);
  await dataOf(
    (await api(workspace.admin)).POST("/alert-targets", {
      body: { kind: "webhook", name: "On call", url: receiver.url },
    }),
  );
  await signIn(page, await workspace.member("manager"));
  await page.goto(ALERTING);
  await expect(target(page, "On call")).toContainText("Never used");
  await expect(entries(page, isPhone, /Slow requests/)).toBeVisible();
  for (const name of [/^Add a target/, /^Send a test/, /^More for/]) {
    await expect(page.getByRole("main").getByRole("button", { name })).toHaveCount(0);
  }
  await entries(page, isPhone, /Slow requests/)
    .getByRole("button", { name: "More" })
    .click();
  await expect(page.getByRole("menuitem")).toHaveText(["Show its alerts"]);
  await page.keyboard.press("Escape");
  await expectAccessible(page);
  await page.goto("/alerts/alt_01kagx4f0ve2pbkr7w3m9d5tqz");
  await expect(page.getByRole("heading", { name: "There is no such alert here" })).toBeVisible();
});

test("who may not see alerts does not even ask for them", async ({ page, workspace, signIn }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await signIn(page, await workspace.member("viewer"));
  for (const address of ["/alerts", "/alerts/alt_01kagx4f0ve2pbkr7w3m9d5tqz", ALERTING]) {
    await page.goto(address);
    await expect(page.getByRole("heading", { name: /^Your role may not see alert/ })).toBeVisible();
  }
  await expectAccessible(page);
  expect(asked.filter((path) => path.startsWith("/api/v1/alert"))).toEqual([]);
});

test("with the keyboard alone one goes to the alerts, and adds a target", async ({
  page,
  workspace,
  signIn,
  receiver,
}) => {
  await signIn(page, workspace.admin);
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Home", level: 1 })).toBeVisible();
  const { keyboard } = page;
  await keyboard.press("g");
  await keyboard.press("l");
  await expect(page.getByRole("heading", { name: "Alerts", level: 1 })).toBeVisible();
  await keyboard.press("Control+k");
  await expect(page.getByRole("dialog", { name: "Command palette" }).getByRole("combobox")).toBeFocused();
  await keyboard.type("alert target");
  await expect(page.getByRole("option", { name: "Add an alert target" })).toBeVisible();
  await keyboard.press("Enter");
  const slack = form(page).getByRole("radio", { name: "Slack" });
  await tabTo(page, slack);
  for (let presses = 0; presses < 3; presses += 1) await keyboard.press("ArrowDown");
  await expect(form(page).getByRole("radio", { name: "Webhook" })).toBeChecked();
  await tabTo(page, form(page).getByRole("textbox", { name: "Name" }));
  await keyboard.type("Typed");
  await tabTo(page, form(page).getByRole("textbox", { name: "Address" }));
  await keyboard.type(receiver.url);
  await keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "The secret of “Typed”" });
  await expect(dialog.getByRole("checkbox", { name: "I have saved the secret" })).toBeFocused();
  await keyboard.press("Space");
  await tabTo(page, dialog.getByRole("button", { name: "Done" }));
  await keyboard.press("Enter");
  await expect(target(page, "Typed")).toContainText("Never used");
  await tabTo(page, target(page, "Typed").getByRole("button", { name: "Send a test" }));
  await keyboard.press("Enter");
  await expect(target(page, "Typed").getByText("The test was taken.")).toBeVisible(SOON);
});
