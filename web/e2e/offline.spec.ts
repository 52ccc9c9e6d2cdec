/** No network, no server: what was read can be read, what is changed waits, and nothing that happened meanwhile is missed. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";

import { expectLive } from "./harness/frame.ts";
import { apiOf, makeWorkspace, signIn as signInAt } from "./harness/people.ts";
import { runFolder } from "./harness/places.ts";
import { Program } from "./harness/program.ts";
import { keptOnDevice } from "./harness/kept.ts";
import { expect, expectAccessible, test } from "./harness/test.ts";

// The worker that keeps all parts of the app for reading offline.
test.use({ serviceWorkers: "allow" });

test("offline, reading goes on and a change waits until the network is back", async ({
  page,
  context,
  workspace,
  signIn,
  api,
}) => {
  const max = await workspace.member("manager");
  await signIn(page, max);
  await page.goto("/settings/profile");
  await expect(page.getByLabel(/^Your name/)).toHaveValue("Max Manager");
  const changes: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "PATCH") changes.push(request.url());
  });

  await context.setOffline(true);
  const banner = page.getByRole("status").filter({ hasText: "You are offline" });
  await expect(banner).toContainText("You can read what was loaded before");
  await page.getByLabel(/^Your name/).fill("Max Offline");
  await page.getByRole("button", { name: "Save name" }).click();
  await expect(banner).toContainText("1 change waits");
  await expectAccessible(page);
  expect(changes, "nothing is sent while there is no network").toEqual([]);

  await context.setOffline(false);
  await expect(page.getByText("Name changed")).toBeVisible();
  await expect(banner).toBeHidden();
  expect(changes, "it is sent once").toHaveLength(1);
  const admin = await api(workspace.admin);
  const { data } = await admin.GET("/users/{id}", { params: { path: { id: max.id } } });
  expect(data?.name).toBe("Max Offline");
});

test("a page that was read can be opened again without a network @any-width", async ({
  page,
  context,
  workspace,
  signIn,
}) => {
  await workspace.member("agent", { name: "Amir Offline" });
  await signIn(page, workspace.admin);
  await page.goto("/settings/users");
  await expect(page.getByText("Amir Offline").first()).toBeVisible();
  // The worker has put all parts of the app away, and what was read is kept; both happen in the background.
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.reload();
  await expect(page.getByText("Amir Offline").first()).toBeVisible();
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller?.state)).toBe("activated");
  await expect.poll(() => keptOnDevice(page)).not.toBe("");

  await context.setOffline(true);
  await page.reload();
  await expect(page.getByText("Amir Offline").first()).toBeVisible();
  await expect(page.getByRole("status").filter({ hasText: "You are offline" })).toBeVisible();
  await page.goto("/settings/appearance");
  await expect(page.getByRole("heading", { name: "Appearance", level: 1 })).toBeVisible();

  await context.setOffline(false);
  await expect(page.getByRole("status").filter({ hasText: "You are offline" })).toBeHidden();
});

test("logging out leaves nothing of the person on the device @any-width", async ({ page, workspace, signIn }) => {
  await workspace.member("agent", { name: "Amir Secret" });
  await signIn(page, workspace.admin);
  await page.goto("/settings/users");
  await expect(page.getByText("Amir Secret").first()).toBeVisible();
  await expect.poll(() => keptOnDevice(page)).not.toBe("");
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog", { name: "Command palette" }).getByRole("combobox")).toBeFocused();
  await page.keyboard.type("log out");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/login/);
  await expect.poll(() => keptOnDevice(page)).toBe("");
  const stored = await page.evaluate(() => JSON.stringify(localStorage));
  expect(stored).not.toContain(workspace.admin.email);
});

test("a lost live connection shows, is made again, and what happened meanwhile appears", async ({
  page,
  program,
  cable,
  workspace,
  api,
  isPhone,
}) => {
  await signInAt({ ...program, url: cable.url }, page, workspace.admin);
  await page.goto(`${cable.url}/settings/users/invitations`);
  await expectLive(page, isPhone);
  cable.pull();
  const banner = page.getByRole("status").filter({ hasText: "The live connection was lost" });
  await expect(banner).toBeVisible();
  await expectAccessible(page);
  const admin = await api(workspace.admin);
  const body = { email: "meanwhile@colleague.test", name: "Mia Meanwhile", role: "viewer" } as const;
  await admin.POST("/invitations", { body });
  cable.plugIn();
  await expect(page.getByText("meanwhile@colleague.test").first()).toBeVisible({ timeout: 40_000 });
  await expect(banner).toBeHidden();
});

test("the server dies and comes back: nobody is thrown out, and the stream goes on where it stopped", async ({
  page,
  address,
  isPhone,
}) => {
  test.setTimeout(120_000);
  const folder = mkdtempSync(join(runFolder(), "own-"));
  const dataDir = join(folder, "data");
  const first = await Program.start({ dataDir });
  const { port } = first.facts;
  const workspace = await makeWorkspace(first.facts, address);
  await signInAt(first.facts, page, workspace.admin);
  await page.goto(`${first.facts.url}/settings/users/invitations`);
  await expectLive(page, isPhone);

  await first.kill();
  await expect(page.getByRole("status").filter({ hasText: "live connection was lost" })).toBeVisible();
  // What was read stays on the page.
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();

  const second = await Program.start({ dataDir, port, removes: folder });
  const admin = await apiOf(second.facts, workspace.admin);
  const body = { email: "restart@colleague.test", name: "Rea Restart", role: "viewer" } as const;
  await admin.POST("/invitations", { body });
  await expect(page.getByText("restart@colleague.test").first()).toBeVisible({ timeout: 60_000 });
  await page.reload();
  await expect(page.getByText("restart@colleague.test").first()).toBeVisible();
  await second.stop();
});

test("a page opened while the server is down says so, and goes on when it is back", async ({
  page,
  program,
  cable,
  workspace,
}) => {
  const max = await workspace.member("manager");
  await signInAt({ ...program, url: cable.url }, page, max);
  await page.route("**/api/v1/**", (route) => route.abort("connectionrefused"));
  await page.goto(cable.url);
  await expect(page.getByText("The server cannot be reached").first()).toBeVisible();
  await expectAccessible(page);
  await page.unroute("**/api/v1/**");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("heading", { name: "Home", level: 1 })).toBeVisible();
});
