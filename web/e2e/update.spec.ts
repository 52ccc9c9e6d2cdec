/** A newer version is offered, never forced; a part that is gone from the server ends in the same offer. */
import { expect, expectAccessible, test } from "./harness/test.ts";

test.use({ serviceWorkers: "allow" });

const OFFER = "A new version is ready.";

test("a newer server offers the new version and takes nothing away", async ({ page, workspace, signIn }) => {
  await signIn(page, await workspace.member("agent"));
  const ready = { version: "99.0.0", build: "index-fromTheFuture", now: new Date().toISOString() };
  await page.route("**/api/v1/events", (route) =>
    route.fulfill({
      headers: { "content-type": "text/event-stream" },
      body: `id: 1\nevent: ready\ndata: ${JSON.stringify(ready)}\n\n`,
    }),
  );
  await page.goto("/settings/profile");
  const name = page.getByLabel(/^Your name/);
  await name.fill("Half typ");
  const banner = page.getByRole("status").filter({ hasText: OFFER });
  await expect(banner).toBeVisible();
  await expect(name).toHaveValue("Half typ");
  await expectAccessible(page);
  await banner.getByRole("button", { name: "Later" }).click();
  await expect(banner).toBeHidden();
  await expect(name).toHaveValue("Half typ");
});

test("loading the new version reloads the page @any-width", async ({ page, workspace, signIn }) => {
  await signIn(page, await workspace.member("agent"));
  let isFuture = true;
  await page.route("**/api/v1/events", (route) => {
    if (!isFuture) return route.fallback();
    const body = `id: 1\nevent: ready\ndata: {"version":"99.0.0","build":"index-fromTheFuture"}\n\n`;
    return route.fulfill({ headers: { "content-type": "text/event-stream" }, body });
  });
  await page.goto("/settings/appearance");
  const banner = page.getByRole("status").filter({ hasText: OFFER });
  await expect(banner).toBeVisible();
  isFuture = false;
  const reloaded = page.waitForEvent("domcontentloaded");
  await banner.getByRole("button", { name: "Load it now" }).click();
  await reloaded;
  await expect(page.getByRole("heading", { name: "Appearance", level: 1 })).toBeVisible();
  await expect(banner).toHaveCount(0);
});

test.describe("without the worker that keeps all parts", () => {
  test.use({ serviceWorkers: "block" });

  test("a page whose code is gone offers the new version, and the frame's other pages go on", async ({
    page,
    workspace,
    signIn,
  }) => {
    await signIn(page, workspace.admin);
    await page.route("**/assets/connections-page-*.js", (route) => route.fulfill({ status: 404, body: "" }));
    await page.goto("/");
    await expect(page.getByRole("heading", { name: "Home", level: 1 })).toBeVisible();
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Connections" }).click();
    await expect(page.getByRole("button", { name: /^Load (it now|the new version)$/ }).first()).toBeVisible();
    await expectAccessible(page);
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Home" }).click();
    await expect(page.getByRole("heading", { name: "Home", level: 1 })).toBeVisible();
  });
});
