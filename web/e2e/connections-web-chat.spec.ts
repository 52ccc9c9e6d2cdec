/** A chat for the website: made, tried, and given its words, hours, questions and looks. */
import type { Locator, Page } from "@playwright/test";

import { expectNoSidewaysScroll } from "./harness/settle.ts";
import { expect, expectAccessible, test } from "./harness/test.ts";

const CONNECTIONS = "/connections";

const card = (page: Page, name: string): Locator =>
  page.getByRole("list", { name: "Accounts" }).getByRole("listitem", { name, exact: true });
const connectDialog = (page: Page): Locator => page.getByRole("dialog", { name: "Connect an account" });

test("a chat for the website is made, tried and given its looks within a minute", async ({
  page,
  workspace,
  signIn,
  program,
}) => {
  await signIn(page, workspace.admin);
  await page.goto(CONNECTIONS);
  await expect(page.getByRole("heading", { name: "Nobody can write to you here yet" })).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  await page.getByRole("link", { name: "Begin with a chat on your website" }).click();
  await expect(connectDialog(page).getByRole("textbox", { name: "Name" })).toHaveValue(workspace.name);
  await connectDialog(page).getByRole("button", { name: "Make 1 widget" }).click();
  const ready = page.getByRole("dialog", { name: `“${workspace.name}” is ready` });
  await expect(ready).toContainText(`<script src="${program.url}/widget.js" data-widget="wgt_`);
  await expect(ready.getByRole("link", { name: /^Try the chat/ })).toHaveAttribute("href", /\/widget\/wgt_/);
  await expectAccessible(page);
  await ready.getByRole("button", { name: "Go on to its settings" }).click();

  await expect(page.getByRole("heading", { name: workspace.name, level: 1 })).toBeVisible();
  const preview = page.getByRole("complementary", { name: "Preview" });
  await page.getByRole("textbox", { name: "Greeting" }).fill("Ahoy!");
  await expect(preview).toContainText("Ahoy!");
  await page.getByRole("textbox", { name: "Colour", exact: true }).fill("red");
  await page.getByRole("radio", { name: "At certain hours" }).check();
  await page.getByRole("textbox", { name: "Monday" }).fill("9–");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Write a colour as #0b6e99.")).toBeVisible();
  await expect(page.getByText(/Write 09:00–17:00, or several/)).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("textbox", { name: "Colour", exact: true }).fill("#0b6e99");
  await page.getByRole("textbox", { name: "Monday" }).fill("9–12, 13–17:30");
  await page.getByRole("combobox", { name: "E-mail" }).click();
  await page.getByRole("option", { name: "Has to be filled in" }).click();
  await page.getByRole("button", { name: "Add a question" }).click();
  await page.getByRole("textbox", { name: "Question 1" }).fill("Order number");
  await preview.getByRole("combobox", { name: "Preview" }).click();
  await page.getByRole("option", { name: "Before the first message" }).click();
  await expect(preview.getByRole("listitem")).toHaveText(["E-mail *", "Order number"]);
  await page.getByRole("textbox", { name: "Allowed websites" }).fill("https://shop.example\nnot a website");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText(/A website is named as/).first()).toBeVisible();
  await page.getByRole("textbox", { name: "Allowed websites" }).fill("https://shop.example");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("The widget is changed")).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  await page.reload();
  await expect(page.getByRole("textbox", { name: "Monday" })).toHaveValue("09:00–12:00, 13:00–17:30");
  await expect(page.getByRole("textbox", { name: "Question 1" })).toHaveValue("Order number");

  await page.goto(CONNECTIONS);
  await expect(card(page, workspace.name)).toContainText("Healthy");
  await expect(card(page, workspace.name).getByRole("button", { name: /connect:/i })).toHaveCount(0);
});
