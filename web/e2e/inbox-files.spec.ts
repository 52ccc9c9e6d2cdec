/** Files with an answer: chosen, dropped, pasted, refused and sent. The first journeys are with a played server. */
import { dataOf } from "@socialai/api-client";
import type { Locator, Page } from "@playwright/test";
import { Buffer } from "node:buffer";

import { aConversation, aMessage, DOT, FakeInbox } from "./harness/fake-inbox.ts";
import { expectNoSidewaysScroll } from "./harness/settle.ts";
import { expect, expectAccessible, test as base } from "./harness/test.ts";

const test = base.extend<{ inbox: FakeInbox }>({
  inbox: async ({ page }, give) => give(await FakeInbox.on(page)),
});

const thread = (page: Page) => page.getByRole("region", { name: "Messages" });
const answer = (page: Page) => page.getByRole("textbox", { name: /^Answer to/ });
const send = (page: Page) => page.getByRole("button", { name: /^Send/ });
const attachButton = (page: Page) => page.getByRole("button", { name: "Attach files" });
const file = (page: Page, name: string): Locator =>
  page.getByRole("list", { name: "Files of the answer" }).getByRole("listitem").filter({ hasText: name });

const png = (name: string) => ({ name, mimeType: "image/png", buffer: DOT });
const pdf = (name: string) => ({ name, mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.7 ") });

async function choose(page: Page, ...files: ReturnType<typeof png>[]): Promise<void> {
  const chooser = page.waitForEvent("filechooser");
  await attachButton(page).click();
  await (await chooser).setFiles(files);
}

function oneConversation(inbox: FakeInbox, changes: Parameters<typeof aConversation>[1] = {}): string {
  const conversation = aConversation(1, { contact_name: "Ann Archer", ...changes });
  inbox.add(conversation, [aMessage(conversation, { text: "Which tent?" })]);
  return `/inbox/${conversation.id}`;
}

test("files are chosen, looked at before they are sent, and sent with the answer", async ({
  page,
  workspace,
  signIn,
  inbox,
  watch,
}) => {
  watch.expectComplaint(/422/);
  Object.assign(inbox.policy.rules, {
    media: ["image", "file"],
    most_attachments: 2,
    largest_attachment_bytes: 1_048_576,
  });
  const path = oneConversation(inbox);
  await signIn(page, workspace.admin);
  await page.goto(path);
  await expect(attachButton(page)).toHaveAccessibleDescription(
    /Takes pictures and documents: at most 2, each up to 1 MB\./,
  );
  await choose(page, png("tent.png"), pdf("price list with a rather long name of the spring of 2027.pdf"));
  await expect(send(page)).toBeEnabled();
  await expect(page.getByText(/Text and files go out as messages of their own/)).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);

  await choose(page, png("third.png"));
  await expect(file(page, "third.png").getByRole("alert")).toHaveText(
    "At most 2 at once: send it with the next answer.",
  );
  await expect(send(page)).toBeDisabled();
  await expect(page.getByText("Remove the files that cannot be sent.")).toBeVisible();
  await page.getByRole("button", { name: "Remove third.png" }).click();
  await expect.poll(() => inbox.asked.filter(({ method }) => method === "DELETE").length).toBe(1);
  await page.getByRole("button", { name: /^Remove price list/ }).click();
  await choose(page, { ...png("large.png"), buffer: Buffer.alloc(2_000_000) });
  await expect(file(page, "large.png").getByRole("alert")).toHaveText("It has 2 MB; 1 MB are allowed.");
  await page.getByRole("button", { name: "Remove large.png" }).click();

  const errors = [{ field: "body", message: "Programs cannot be sent." }];
  const problem = { status: 422, code: "validation_failed", title: "Not valid", detail: "See errors.", errors };
  inbox.refuse(/\/attachments$/, problem);
  await choose(page, pdf("run.exe"));
  await expect(file(page, "run.exe").getByRole("alert")).toHaveText("Programs cannot be sent.");
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Upload run.exe again" }).click();
  await expect(file(page, "run.exe").getByRole("alert")).toHaveCount(0);
  await page.getByRole("button", { name: "Remove run.exe" }).click();

  await answer(page).fill("This one");
  await answer(page).press("Control+Enter");
  const ours = thread(page).getByRole("article").filter({ hasText: "This one" });
  await expect(ours.getByRole("img", { name: "tent.png" })).toBeVisible();
  await expect(ours.getByText("Sent", { exact: true })).toBeVisible();
  await expect(file(page, "tent.png")).toHaveCount(0);
  expect(inbox.to(/\/reply$/)[0]?.body).toMatchObject({ text: "This one", attachment_ids: [inbox.uploads[0]?.id] });
});

test("a file is pasted or dropped, and comes back from an answer that was not taken", async ({
  page,
  workspace,
  signIn,
  inbox,
  watch,
}) => {
  watch.expectComplaint(/422/);
  Object.assign(inbox.policy.rules, { most_attachments: 5 });
  const path = oneConversation(inbox);
  await signIn(page, workspace.admin);
  await page.goto(path);
  await expect(attachButton(page)).toBeEnabled();
  const held = await page.evaluateHandle((base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.codePointAt(0) ?? 0);
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], "held.png", { type: "image/png" }));
    return transfer;
  }, DOT.toString("base64"));
  await thread(page).dispatchEvent("dragover", { dataTransfer: held });
  await expect(page.getByText("Let go to attach it to the answer.")).toBeVisible();
  await thread(page).dispatchEvent("drop", { dataTransfer: held });
  await expect(page.getByText("Let go to attach it to the answer.")).toHaveCount(0);
  await expect(file(page, "held.png")).toHaveCount(1);
  await answer(page).evaluate((field, data) => {
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, held);
  await expect(file(page, "held.png")).toHaveCount(2);

  const detail = "Facebook lets us answer only for some time.";
  inbox.refuse(/\/reply$/, { status: 422, code: "channel_refuses", title: "The channel does not allow it", detail });
  await expect(send(page)).toBeEnabled();
  await send(page).click();
  const failure = thread(page).getByRole("alert");
  await expect(failure).toContainText(detail);
  await expect(thread(page).getByRole("img", { name: "held.png" })).toHaveCount(2);
  await failure.getByRole("button", { name: "Edit" }).click();
  await expect(file(page, "held.png")).toHaveCount(2);
  await send(page).click();
  await expect(thread(page).getByText("Sent", { exact: true })).toBeVisible();
  expect(inbox.to(/\/reply$/)[1]?.body["attachment_ids"]).toHaveLength(2);
});

test("where the channel takes no files it is said, and the keyboard finds the way where it does", async ({
  page,
  workspace,
  signIn,
  inbox,
}) => {
  Object.assign(inbox.policy.rules, { surface: "comment", media: [], most_attachments: 0 });
  const path = oneConversation(inbox, { surface: "comment" });
  await signIn(page, workspace.admin);
  await page.goto(path);
  await expect(page.getByText("Facebook comments take no files.", { exact: true })).toBeVisible();
  await expect(attachButton(page)).toHaveAttribute("aria-disabled", "true");
  await expectAccessible(page);

  Object.assign(inbox.policy.rules, { surface: "message", media: ["image"], most_attachments: 1 });
  await page.reload();
  await expect(attachButton(page)).toHaveAccessibleDescription(/^Takes pictures: one at a time/);
  // Asked for early: the browser has to know that its dialog is not to be opened.
  const chooser = page.waitForEvent("filechooser");
  await answer(page).focus();
  await page.keyboard.press("Tab");
  await expect(attachButton(page)).toBeFocused();
  await page.keyboard.press("Enter");
  await (await chooser).setFiles(png("tent.png"));
  await expect(file(page, "tent.png")).toBeVisible();
  await page.keyboard.press("Shift+Tab");
  await expect(page.getByRole("button", { name: "Remove tent.png" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(file(page, "tent.png")).toHaveCount(0);
});

base(
  "a picture is with the server before it is sent, and reaches the visitor as it is",
  async ({ page, browser, workspace, signIn, api }) => {
    const admin = await api(workspace.admin);
    const { key } = await dataOf(admin.POST("/channel-accounts/web-chat", { body: { name: "Harbour & Sons" } }));
    await signIn(page, workspace.admin);
    await page.goto("/inbox");
    const elsewhere = await browser.newContext({ baseURL: new URL(page.url()).origin });
    const visitor = await elsewhere.newPage();
    await visitor.goto(`/widget/${key}`);
    await visitor.getByLabel("Message", { exact: true }).fill("Which tent?");
    await visitor.getByLabel("Message", { exact: true }).press("Enter");
    await page
      .getByRole("list", { name: "Conversations" })
      .getByRole("link", { name: /Which tent/ })
      .click();

    await choose(page, { name: "virus.svg", mimeType: "image/svg+xml", buffer: Buffer.from("<svg/>") });
    await expect(file(page, "virus.svg").getByRole("alert")).toContainText("drawings of code (SVG)");
    await page.getByRole("button", { name: "Remove virus.svg" }).click();
    await choose(page, png("tent.png"));
    await answer(page).fill("This one");
    await expect(send(page)).toBeEnabled();
    await send(page).click();
    const ours = thread(page).getByRole("article").filter({ hasText: "This one" });
    await expect(ours.getByRole("button", { name: "Enlarge tent.png" })).toBeVisible();
    await expect(ours.getByText(/^(Sent|Delivered|Read)$/)).toBeVisible();
    await page.reload();
    const drawn = ours.getByRole("img", { name: "tent.png" });
    await expect.poll(() => drawn.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(1);
    await expect(ours).toHaveCount(1);
    await expect(visitor.getByText("This one", { exact: true })).toHaveCount(1);
    await expect(visitor.getByRole("img", { name: "tent.png" })).toBeVisible();
    await elsewhere.close();
  },
);

base("a picture goes to a customer at Facebook, once", async ({ page, workspace, signIn, facebookPage }) => {
  const facebook = await facebookPage();
  const said = await facebook.say("Maria Silva", "Which tent?");
  await signIn(page, workspace.admin);
  await page.goto("/inbox");
  await page
    .getByRole("list", { name: "Conversations" })
    .getByRole("link", { name: /Which tent/ })
    .click();
  await choose(page, png("tent.png"));
  await answer(page).fill("This one");
  await expect(send(page)).toBeEnabled();
  await send(page).click();
  const picture = thread(page)
    .getByRole("article")
    .filter({ has: page.getByRole("img", { name: "tent.png" }) });
  await expect(picture.getByText("Delivered", { exact: true })).toBeVisible();
  await expect(picture).toHaveCount(1);
  await expect(thread(page).getByRole("article").filter({ hasText: "This one" })).toHaveCount(1);
  expect(await facebook.seenBy(said)).toEqual(["This one", "image"]);
});
