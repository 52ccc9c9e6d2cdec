/** A company's page with the widget on it, and the hub that it speaks to: one of each for every test. */
import { test as base, expect, type FrameLocator, type Page } from "@playwright/test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { FakeHub } from "../dev/hub.ts";

export { expect };

interface Site {
  hub: FakeHub;
  hubAddress: string;
  /** Opens the company's page. `markup` stands in its body. */
  visit(options?: { lang?: string; markup?: string; path?: string }): Promise<void>;
  launcher: ReturnType<Page["getByRole"]>;
  chat: FrameLocator;
  open(): Promise<void>;
  write(text: string): Promise<void>;
  /** What scripts and policies complained about. */
  complaints: string[];
}

export const test = base.extend<{ site: Site }>({
  site: async ({ page }, use) => {
    const hub = new FakeHub();
    const hubAddress = await hub.listen(0);
    let html = "";
    let policy = "";
    const host = createServer((_, answer) => {
      answer
        .writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy })
        .end(html);
    });
    await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve));
    const { port } = host.address() as AddressInfo;
    const complaints: string[] = [];
    page.on("console", (message) => {
      // The browser's own line about a refused request is no fault of the page.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
        complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));

    const chat = page.frameLocator("iframe");
    const launcher = page.locator("socialai-chat .launcher");
    const field = chat.getByLabel("Message", { exact: true });
    await use({
      hub,
      hubAddress,
      complaints,
      launcher,
      chat,
      visit: async ({ lang = "en", markup = "", path = "/shop?reset=secret#x" } = {}) => {
        // As strict as a page can be that wants the widget.
        policy = `default-src 'none'; script-src ${hubAddress}; frame-src ${hubAddress}`;
        html = `<!doctype html><html lang="${lang}"><title>Shop</title><body><a href="#here">Link</a>${markup}
          <script src="${hubAddress}/widget.js" data-widget="wgt_test" async></script>`;
        await page.goto(`http://localhost:${port}${path}`);
      },
      open: async () => {
        await launcher.click();
        await expect(chat.getByRole("dialog")).toBeVisible();
      },
      write: async (text) => {
        await field.fill(text);
        await field.press("Enter");
      },
    });
    host.closeAllConnections();
    host.close();
    await hub.close();
  },
});
