/** Canned replies: written with variables, previewed, found, changed and removed. */
import { dataOf } from "@socialai/api-client";
import type { Locator, Page } from "@playwright/test";

import { tabTo } from "./harness/frame.ts";
import { expectNoSidewaysScroll } from "./harness/settle.ts";
import { expect, expectAccessible, test } from "./harness/test.ts";

const REPLIES = "/settings/canned-replies";

const entry = (page: Page, isPhone: boolean, text: RegExp): Locator =>
  isPhone
    ? page.getByRole("main").getByRole("listitem").filter({ hasText: text })
    : page.getByRole("row", { name: text });
const dialog = (page: Page) => page.getByRole("dialog", { name: "New canned reply" });

test("a reply is written with variables, and the preview says what will be sent", async ({
  page,
  workspace,
  signIn,
  isPhone,
}) => {
  await signIn(page, workspace.admin);
  await page.goto(REPLIES);
  await expect(page.getByRole("heading", { name: "Nothing is canned yet" })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Write a canned reply" }).click();
  const form = dialog(page);
  await form.getByRole("textbox", { name: "Shortcut" }).fill("two words");
  await form.getByRole("textbox", { name: "Title" }).fill("Greeting");
  await form.getByRole("textbox", { name: "Text" }).fill("Hello {{contact.nme}} ");
  const preview = form.getByRole("region", { name: "Preview" });
  await expect(preview).toContainText("There is no such variable, so it is sent as it stands: {{contact.nme}}");
  await form.getByRole("textbox", { name: "Text" }).fill("Hello ");
  await form.getByRole("button", { name: "First name of whom you write to" }).click();
  await expect(form.getByRole("textbox", { name: "Text" })).toHaveValue("Hello {{contact.first_name|there}}");
  await expect(form.getByRole("textbox", { name: "Text" })).toBeFocused();
  await expect(preview).toContainText("Hello Maria");
  await expect(preview).toContainText("Hello there");
  await form.getByRole("button", { name: "Add 1 canned reply" }).click();
  await expect(form.getByText("1 to 40 letters, digits, hyphens and underscores.")).toBeVisible();
  await form.getByRole("checkbox", { name: "Web chat" }).scrollIntoViewIfNeeded();
  await expectAccessible(page);
  await form.getByRole("textbox", { name: "Shortcut" }).fill("/hello");
  await form.getByRole("checkbox", { name: "Web chat" }).check();
  await form.getByRole("button", { name: "Add 1 canned reply" }).click();
  await expect(form).toBeHidden();
  await expect(entry(page, isPhone, /\/hello/)).toContainText("Web chat");
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);

  await entry(page, isPhone, /\/hello/)
    .getByRole("link")
    .first()
    .click();
  const change = page.getByRole("dialog", { name: "/hello" });
  await change.getByRole("textbox", { name: "Title" }).fill("Welcome");
  await change.getByRole("button", { name: "Save" }).click();
  await expect(entry(page, isPhone, /Welcome/)).toBeVisible();
});

test("a reply is removed at once and taken back, and the list is searched by words and platform", async ({
  page,
  workspace,
  signIn,
  api,
  isPhone,
}) => {
  const client = await api(workspace.admin);
  const add = (shortcut: string, platforms: ("x" | "web_chat")[]) =>
    dataOf(client.POST("/canned-replies", { body: { shortcut, title: shortcut, body: `We ${shortcut}.`, platforms } }));
  await add("open", []);
  await add("ship", ["x"]);
  await add("b-reply", ["web_chat"]);
  await signIn(page, workspace.admin);
  await page.goto(REPLIES);
  await expect(entry(page, isPhone, /\/open/)).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("we ship");
  await expect(entry(page, isPhone, /\/open/)).toHaveCount(0);
  await expect(entry(page, isPhone, /\/ship/)).toBeVisible();
  await page.goto(`${REPLIES}?platform=web_chat`);
  await expect(entry(page, isPhone, /\/b-reply/)).toBeVisible();
  await expect(entry(page, isPhone, /\/open/)).toBeVisible();
  await expect(entry(page, isPhone, /\/ship/)).toHaveCount(0);
  await page.goto(`${REPLIES}?q=nothing`);
  await expect(page.getByRole("heading", { name: "No canned reply matches" })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Show all" }).click();

  await entry(page, isPhone, /\/ship/)
    .getByRole("button")
    .click();
  await page.getByRole("menuitem", { name: "Remove" }).click();
  await expect(entry(page, isPhone, /\/ship/)).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(entry(page, isPhone, /\/ship/)).toBeVisible();
});

test("with the keyboard alone a reply is written; who may only read sees what it says", async ({
  page,
  workspace,
  signIn,
  isPhone,
}) => {
  await signIn(page, await workspace.member("agent"));
  const { keyboard } = page;
  await page.goto(REPLIES);
  await expect(page.getByRole("heading", { name: "Nothing is canned yet" })).toBeVisible();
  await keyboard.press("n");
  await expect(dialog(page).getByRole("textbox", { name: "Shortcut" })).toBeFocused();
  await keyboard.type("thanks");
  await keyboard.press("Tab");
  await keyboard.type("Thanks");
  await keyboard.press("Tab");
  await keyboard.type("Thank you, {{contact.name|dear customer}}!");
  await tabTo(page, dialog(page).getByRole("button", { name: "Add 1 canned reply" }));
  await keyboard.press("Enter");
  await expect(entry(page, isPhone, /\/thanks/)).toBeVisible();

  await signIn(page, await workspace.member("viewer"));
  await page.goto(REPLIES);
  await entry(page, isPhone, /\/thanks/)
    .getByRole("link")
    .first()
    .click();
  const shown = page.getByRole("dialog", { name: "/thanks" });
  await expect(shown).toContainText("Thank you, Maria da Silva!");
  await expect(shown.getByRole("textbox")).toHaveCount(0);
  await expectAccessible(page);
});
