import { expect, test } from "./page.ts";

test("the keyboard alone opens, writes and closes, and the focus comes back", async ({ site, page }) => {
  await site.visit();
  await expect(site.launcher).toBeVisible();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(site.launcher).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(site.chat.getByLabel("Message", { exact: true })).toBeFocused();
  await page.keyboard.type("typed");
  await page.keyboard.press("Enter");
  await expect(site.chat.getByText("Sent")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(site.chat.getByRole("dialog")).toBeHidden();
  await expect(site.launcher).toBeFocused();
  await expect(site.launcher).toHaveAttribute("aria-expanded", "false");
});

test("a page of another language is spoken to in it, from right to left where that is so", async ({ site }) => {
  if (site.hub.config) site.hub.config.texts = { ar: { send: "إرسال", message: "رسالة" } };
  await site.visit({ lang: "de-AT" });
  await expect(site.launcher).toHaveAccessibleName("Chat öffnen");
  await site.open();
  await expect(site.chat.getByRole("button", { name: "Senden" })).toBeVisible();
  await site.visit({ lang: "ar", path: "/ar" });
  await site.open();
  await expect(site.chat.getByRole("button", { name: "إرسال" })).toBeVisible();
  await expect(site.chat.locator("html")).toHaveAttribute("dir", "rtl");
});

test("on a phone it covers the screen, keeps the focus and every target is large enough", async ({ site, page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  if (site.hub.config)
    site.hub.config.pre_chat = { fields: [{ name: "name", label: "Name", required: true }], consent: null };
  await site.visit();
  await site.open();
  const box = await page.locator("socialai-chat iframe").boundingBox();
  expect(box).toEqual({ x: 0, y: 0, width: 390, height: 844 });
  const dialog = site.chat.getByRole("dialog");
  await expect(dialog).toHaveAttribute("aria-modal", "true");
  for (let step = 0; step < 6; step += 1) {
    await page.keyboard.press("Tab");
    await expect(dialog.locator(":focus")).toHaveCount(1);
  }
  for (const target of await dialog.locator("button:visible, input:visible:not(.unseen), textarea:visible").all()) {
    const size = await target.boundingBox();
    expect(Math.min(size?.height ?? 0, size?.width ?? 0)).toBeGreaterThanOrEqual(44);
  }
  await dialog.getByRole("button", { name: "Close chat" }).click();
  await expect(site.launcher).toBeFocused();
});

test("messages of anybody else on the page are not heard", async ({ site, page }) => {
  await site.visit();
  await site.open();
  // The page itself is not the frame, and its origin is not the hub's.
  await page.evaluate(() => {
    window.postMessage({ mark: "socialai.chat/1", kind: "gone" }, "*");
    window.postMessage({ mark: "socialai.chat/1", kind: "close" }, "*");
  });
  // Answered in turn: when this one is back, those before it were heard.
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        addEventListener("message", (event) => event.data === "last" && resolve(null));
        window.postMessage("last", "*");
      }),
  );
  await expect(site.chat.getByRole("dialog")).toBeVisible();
});

test("a page's own rules do not reach the launcher", async ({ site, page }) => {
  await site.visit();
  await expect(site.launcher).toBeVisible();
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(
      "socialai-chat,button,div,iframe{all:unset!important;display:none!important} button,iframe{width:9px!important;transform:rotate(9deg)!important}",
    );
    document.adoptedStyleSheets = [sheet];
  });
  const box = await site.launcher.boundingBox();
  expect([box?.width, box?.height]).toEqual([56, 56]);
});

test("a hub that cannot be reached is said on the page and can be tried again", async ({ site, page }) => {
  await page.clock.install();
  await page.route("**/widget/wgt_test", (route) => route.abort());
  await site.visit();
  await expect.poll(() => page.locator("socialai-chat iframe").count()).toBe(1);
  await page.clock.runFor(3000);
  await site.launcher.click();
  await page.clock.runFor(8000);
  await expect(page.getByText("The chat cannot be reached right now.")).toBeVisible();
  await page.unroute("**/widget/wgt_test");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(site.chat.getByText("Hello! How can we help?")).toBeVisible();
  await expect(page.getByText("The chat cannot be reached right now.")).toBeHidden();
});

test("the frame alone in a tab is a chat too", async ({ site, page }) => {
  await page.goto(`${site.hubAddress}/widget/wgt_test`);
  await page.getByLabel("Message", { exact: true }).fill("hello");
  await page.keyboard.press("Enter");
  await expect(page.getByText(/· Sent$/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Close chat" })).toBeHidden();
  expect(site.hub.visitors[0]?.asked["page_url"]).toBeUndefined();
});

test("in a frame of somebody who does not say who they are it stays empty", async ({ site, page }) => {
  await site.visit({ markup: `<iframe src="${site.hubAddress}/widget/wgt_other" title="other"></iframe>` });
  await expect(site.launcher).toBeVisible();
  await expect(page.frameLocator('iframe[title="other"]').getByRole("dialog")).toHaveCount(0);
});

test("the script twice makes one launcher", async ({ site, page }) => {
  await site.visit({ markup: `<script src="${site.hubAddress}/widget.js" data-widget="wgt_test" async></script>` });
  await expect(site.launcher).toBeVisible();
  await expect(page.locator("socialai-chat")).toHaveCount(1);
});
