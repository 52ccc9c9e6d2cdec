import { AxeBuilder } from "@axe-core/playwright";

import { expect, test } from "./page.ts";

test("a visitor writes and sees the answer as it comes", async ({ site }) => {
  await site.visit();
  await site.open();
  await expect(site.chat.getByText("Hello! How can we help?")).toBeVisible();
  await site.write("Where is my order?");
  await expect(site.chat.getByText("Sent")).toBeVisible();
  await expect.poll(() => site.hub.visitors[0]?.streams.size).toBe(1);
  site.hub.type(true);
  await expect(site.chat.getByText("Maya is typing …")).toBeVisible();
  const answer = site.hub.say({ text: "On its way, see https://example.com/track." });
  await expect(site.chat.getByText("On its way")).toBeVisible();
  await expect(site.chat.getByText("Maya is typing …")).toBeHidden();
  const link = site.chat.getByRole("link", { name: "https://example.com/track" });
  await expect(link).toHaveAttribute("rel", "noopener noreferrer nofollow");
  await expect(link).toHaveAttribute("href", "https://example.com/track");
  await expect.poll(() => site.hub.visitors[0]?.readUpTo).toBe(answer.id);
  site.hub.read(site.hub.visitors[0]?.messages[0]?.id ?? "");
  await expect(site.chat.getByText(/· Read$/)).toBeVisible();
  site.hub.change(answer.id, { text: "On its way.", edited_at: new Date().toISOString() });
  await expect(site.chat.getByText(/edited/)).toBeVisible();
  site.hub.change(answer.id, { text: "", is_unsent: true });
  await expect(site.chat.getByText("This message was taken back.")).toBeVisible();
  expect(site.complaints).toEqual([]);
});

test("nothing is stored and no session is made before the first message", async ({ site, page }) => {
  await site.visit();
  await site.open();
  await site.chat.getByLabel("Message", { exact: true }).fill("not sent");
  const stored = () => page.frames()[1]?.evaluate(() => Object.keys(localStorage));
  expect(await stored()).toEqual([]);
  expect(site.hub.requests.map(({ path }) => path)).toEqual(["config"]);
  await site.write("hello");
  await expect(site.chat.getByText("Sent")).toBeVisible();
  expect(await stored()).toEqual(["socialai.chat.wgt_test"]);
  expect(await page.context().cookies()).toEqual([]);
  expect(site.hub.requests.every(({ cookie }) => cookie === undefined)).toBe(true);
  // Neither the query nor the fragment of the page, and nothing of ours on its own origin.
  expect(String(site.hub.visitors[0]?.asked["page_url"])).toMatch(/^http:\/\/localhost:\d+\/shop$/);
  expect(await page.evaluate(() => Object.keys(localStorage))).toEqual([]);
});

test("a message whose answer was lost is said once", async ({ site }) => {
  site.hub.faults = [
    { path: "messages", method: "POST", status: 0, isDone: true },
    { path: "messages", method: "POST", status: 503, isDone: true },
  ];
  await site.visit();
  await site.open();
  await site.write("only once");
  await expect(site.chat.getByText("Sent")).toBeVisible();
  await expect(site.chat.getByText("only once")).toHaveCount(1);
  expect(site.hub.visitors[0]?.messages).toHaveLength(1);
});

test("a message that was refused can be tried again, with the same id", async ({ site }) => {
  site.hub.faults = [{ path: "messages", method: "POST", status: 422, code: "invalid" }];
  await site.visit();
  await site.open();
  await site.write("please take this");
  await expect(site.chat.getByText("Not sent · The message was not accepted.")).toBeVisible();
  await site.chat.getByRole("button", { name: "Try again" }).click();
  await expect(site.chat.getByText("Sent")).toBeVisible();
  const ids = site.hub.requests.filter(({ method, path }) => method === "POST" && path === "messages");
  expect(new Set(ids.map(({ body }) => body["client_id"])).size).toBe(1);
});

test("when it is asked to slow down it says so and waits", async ({ site }) => {
  site.hub.faults = [{ path: "messages", method: "POST", status: 429, retryAfter: 2 }];
  await site.visit();
  await site.open();
  await site.write("quick");
  await expect(site.chat.getByText(/goes out in \d seconds/)).toBeVisible();
  await expect(site.chat.getByText("Sent")).toBeVisible();
  await expect(site.chat.getByText(/goes out in/)).toBeHidden();
});

test("a hub that is away keeps what was typed and is tried again", async ({ site }) => {
  site.hub.isAway = true;
  await site.visit();
  await site.open();
  await expect(site.chat.getByText(/We cannot be reached right now/)).toBeVisible();
  await site.chat.getByLabel("Message", { exact: true }).fill("still here");
  site.hub.isAway = false;
  await site.chat.getByRole("button", { name: "Try again" }).click();
  await expect(site.chat.getByText("Hello! How can we help?")).toBeVisible();
  await expect(site.chat.getByLabel("Message", { exact: true })).toHaveValue("still here");
});

test("after the stream was cut nothing is missing", async ({ site }) => {
  await site.visit();
  await site.open();
  await site.write("hello");
  await expect.poll(() => site.hub.visitors[0]?.streams.size).toBe(1);
  site.hub.cutStreams();
  site.hub.say({ text: "said meanwhile" });
  await expect(site.chat.getByText("said meanwhile")).toHaveCount(1);
  await expect.poll(() => site.hub.visitors[0]?.streams.size).toBe(1);
});

test("where no stream comes through the answers still come", async ({ site }) => {
  site.hub.hasStream = false;
  await site.visit();
  await site.open();
  await site.write("hello");
  await expect(site.chat.getByText("Sent")).toBeVisible();
  site.hub.say({ text: "by asking again" });
  await expect(site.chat.getByText("by asking again")).toBeVisible();
});

test("an answer to a closed chat shows on the launcher, also on the next page", async ({ site }) => {
  await site.visit();
  await site.open();
  await site.write("hello");
  await expect.poll(() => site.hub.visitors[0]?.streams.size).toBe(1);
  await site.chat.getByRole("button", { name: "Close chat" }).click();
  site.hub.say({ text: "one" });
  await expect(site.launcher).toHaveAccessibleName("Open chat, 1 new message");
  await site.visit({ path: "/other" });
  await expect(site.launcher).toHaveAccessibleName("Open chat, 1 new message");
  await site.open();
  await expect(site.chat.getByText("one")).toBeVisible();
  await site.chat.getByRole("button", { name: "Close chat" }).click();
  await expect(site.launcher).toHaveAccessibleName("Open chat");
});

test("when nobody is there the chat says so, in the company's words where it has any, and takes messages", async ({
  site,
}) => {
  if (site.hub.config) site.hub.config.is_online = false;
  await site.visit();
  await site.open();
  await expect(site.chat.getByText("Not here right now", { exact: true })).toBeVisible();
  await expect(site.chat.getByText(/^We are not here right now\. Leave a message/)).toBeVisible();
  if (site.hub.config) site.hub.config.offline_message = "Back on Monday at nine.";
  await site.visit({ path: "/other" });
  await site.open();
  await expect(site.chat.getByText("Back on Monday at nine.")).toBeVisible();
  await site.write("until Monday, then");
  await expect(site.chat.getByText("Sent")).toBeVisible();
  if (site.hub.config) site.hub.config.is_online = true;
  await site.visit();
  await site.open();
  await expect(site.chat.getByText("until Monday, then")).toBeVisible();
  await expect(site.chat.getByText(/Not here right now|Back on Monday/)).toHaveCount(0);
});

test("the form comes first and its answers go with the first message", async ({ site }) => {
  if (site.hub.config) {
    site.hub.config.pre_chat = {
      fields: [
        { name: "name", label: "Your name", required: true },
        { name: "email", label: "E-mail", required: false },
        { name: "order", label: "Order number", required: false },
      ],
      consent: { text: "I agree that my data is used to answer me.", url: "https://example.com/privacy" },
    };
  }
  await site.visit();
  await site.open();
  await expect(site.chat.getByLabel("Message", { exact: true })).toBeHidden();
  await site.chat.getByRole("button", { name: "Start chat" }).click();
  await expect(site.chat.getByText("Please fill this in.")).toBeVisible();
  await expect(site.chat.getByText("Please agree first.")).toBeVisible();
  await site.chat.getByLabel("Your name").fill("Ada");
  await site.chat.getByLabel("Order number").fill("42");
  await site.chat.getByLabel("I agree").check();
  await site.chat.getByRole("button", { name: "Start chat" }).click();
  expect(site.hub.visitors).toHaveLength(0);
  await site.write("hello");
  await expect(site.chat.getByText("Sent")).toBeVisible();
  expect(site.hub.visitors[0]?.asked).toMatchObject({
    name: "Ada",
    fields: { order: "42" },
    consent: true,
    language: "en",
  });
});

test("a suggested answer is sent with its payload", async ({ site }) => {
  await site.visit();
  await site.open();
  await site.write("hello");
  await expect.poll(() => site.hub.visitors[0]?.streams.size).toBe(1);
  site.hub.say({
    from: "machine",
    name: null,
    text: "What is it about?",
    quick_replies: [{ title: "An invoice", payload: "invoice" }],
  });
  await expect(site.chat.getByText("You are talking to an automated assistant.")).toBeVisible();
  await expect(site.chat.getByText("Assistant · Automated")).toBeVisible();
  await site.chat.getByRole("button", { name: "An invoice" }).click();
  await expect(site.chat.getByRole("button", { name: "An invoice" })).toBeHidden();
  await expect
    .poll(() => site.hub.requests.at(-1)?.body["quick_reply"] ?? site.hub.visitors[0]?.messages.length)
    .toBeTruthy();
  expect(site.hub.requests.some(({ body }) => body["quick_reply"] === "invoice")).toBe(true);
});

test("files go along, pictures are shown, what is too large is said before", async ({ site }) => {
  await site.visit();
  await site.open();
  const picker = site.chat.locator("input[type=file]");
  await picker.setInputFiles({ name: "huge.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(2_000_001) });
  await expect(site.chat.getByText("huge.pdf is too large; the limit is 2 MB.")).toBeVisible();
  await picker.setInputFiles({ name: "prog.exe", mimeType: "application/x-msdownload", buffer: Buffer.alloc(10) });
  await expect(site.chat.getByText(/prog.exe is not a kind of file/)).toBeVisible();
  const pixel = Buffer.from("R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==", "base64");
  await picker.setInputFiles({ name: "Größe.gif", mimeType: "image/gif", buffer: pixel });
  await site.chat.getByRole("button", { name: "Send", exact: true }).click();
  await expect(site.chat.getByRole("img", { name: "Größe.gif" })).toBeVisible();
  const lie = site.hub.attach("no.png", "image/png", Buffer.from("<script>1</script>"));
  site.hub.say({ text: "", attachments: [lie] });
  await expect(site.chat.getByRole("button", { name: "Download no.png" })).toBeVisible();
  expect(site.complaints).toEqual([]);
});

test("hostile texts are shown as text and run nothing", async ({ site, page }) => {
  const hostile = `<img src=x onerror="window.hit=1"><script>window.hit=1</script> javascript:alert(1) https://a.b/"onclick="hit`;
  if (site.hub.config) {
    site.hub.config.name = "<b>Evil</b>";
    site.hub.config.greeting = hostile;
  }
  await site.visit();
  await site.open();
  await expect(site.chat.getByRole("heading", { name: "<b>Evil</b>" })).toBeVisible();
  await site.write(hostile);
  await expect(site.chat.getByText("Sent")).toBeVisible();
  site.hub.say({ name: hostile, text: hostile, quick_replies: [{ title: hostile, payload: hostile }] });
  await expect(site.chat.getByRole("button", { name: hostile })).toBeVisible();
  const frame = page.frames()[1];
  expect(
    await frame?.evaluate(() => document.body.querySelectorAll("script, img, b, [onclick], [onerror]").length),
  ).toBe(0);
  expect(await frame?.evaluate(() => "hit" in window)).toBe(false);
});

test("a session that is over is made again and the message goes out in it", async ({ site }) => {
  await site.visit();
  await site.open();
  await site.write("first");
  await expect(site.chat.getByText("Sent")).toBeVisible();
  site.hub.visitors.length = 0;
  await site.write("second");
  await expect.poll(() => site.hub.visitors[0]?.messages.map(({ text }) => text)).toEqual(["second"]);
});

test("a widget that was switched off leaves the page as it was", async ({ site, page }) => {
  site.hub.config = null;
  await site.visit();
  await expect.poll(() => site.hub.requests.length).toBe(1);
  await expect(page.locator("socialai-chat")).toHaveCount(0);
});

for (const mode of ["light", "dark"] as const) {
  test(`an accessibility check finds nothing in ${mode}`, async ({ site, page }) => {
    if (site.hub.config) {
      site.hub.config.theme = { accent: "#ffd60a", radius: 14, position: "left", mode };
      site.hub.config.is_online = false;
    }
    await site.visit();
    await site.open();
    await site.write("hello");
    await expect(site.chat.getByText("Sent")).toBeVisible();
    site.hub.say({ from: "machine", text: "Hi https://example.com", quick_replies: [{ title: "Yes", payload: "y" }] });
    await expect(site.chat.getByRole("button", { name: "Yes" })).toBeVisible();
    // Nothing fades any more.
    await page.waitForFunction(() => document.getAnimations().every((one) => one.playState === "finished"));
    const result = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]).analyze();
    // It looked into the frame, not only at the page around it.
    expect(result.passes.some(({ nodes }) => nodes.some(({ target }) => target.length > 1))).toBe(true);
    expect(result.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  });
}
