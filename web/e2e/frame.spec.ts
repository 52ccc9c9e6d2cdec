/** The frame around every page: what it says to a screen reader, where it leads, and what it keeps from whom. */
import { choose, expectLive } from "./harness/frame.ts";
import { expect, expectAccessible, test } from "./harness/test.ts";

test("a screen reader finds its way", async ({ page, workspace, signIn, isPhone }) => {
  await signIn(page, workspace.admin);
  await page.goto("/settings/users");
  await expect(page).toHaveTitle("People · SocialAI Hub");
  const main = page.getByRole("navigation", { name: "Main" });
  if (isPhone) {
    await expect(main).toMatchAriaSnapshot(`
      - navigation "Main":
        - link "Home"
        - link "Inbox"
        - link "Connections"
        - button "More"`);
  } else {
    await expect(page.getByRole("banner")).toMatchAriaSnapshot(`
      - banner:
        - text: Harbour & Sons
        - button "Narrow the navigation"
        - button /Search/
        - navigation "Main":
          - list:
            - listitem:
              - link "Home"
          - region "Work":
            - heading "Work" [level=2]
            - list:
              - listitem:
                - link "Inbox"
          - region "Run":
            - heading "Run" [level=2]
            - list:
              - listitem:
                - link "Connections"
              - listitem:
                - link "System"
              - listitem:
                - link "Settings"
        - button "Ada Admin, your menu"
        - button /Live|Connecting/
        - button /Activity/`);
    await expect(main.getByRole("link", { name: "Settings" })).toHaveAttribute("aria-current", "page");
    await expect(
      page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "People" }),
    ).toHaveAttribute("aria-current", "page");
  }
  await expect(page.getByRole("main")).toHaveCount(1);
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
});

test("going to another page tells its title", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Home", level: 1 })).toBeVisible();
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Connections" }).click();
  await expect(page.getByRole("heading", { name: "Connections", level: 1 })).toBeVisible();
  await expect(page.getByRole("status").filter({ hasText: "Connections · SocialAI Hub" })).toHaveCount(1);
});

test("the palette finds pages and does things", async ({ page, workspace, signIn, isPhone }) => {
  await signIn(page, workspace.admin);
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "Home", level: 1 })).toBeVisible();
  if (isPhone) await choose(page, isPhone, "Search and commands");
  else await page.getByRole("button", { name: /^Search/ }).click();
  const palette = page.getByRole("dialog", { name: "Command palette" });
  await expect(palette.getByRole("combobox")).toBeFocused();
  await expectAccessible(page);
  await page.keyboard.type("log aud");
  await expect(palette.getByRole("option")).toHaveText([/Audit log/]);
  await palette.getByRole("combobox").fill("no such thing");
  await expect(palette.getByText(/Nothing matches/)).toBeVisible();
  await palette.getByRole("combobox").fill("dark");
  await palette.getByRole("option", { name: "Dark" }).click();
  await expect(palette).toBeHidden();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.reload();
  await expect(page.getByRole("heading", { name: "Home", level: 1 })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("the sheet of shortcuts tells those of the page, and they work", async ({ page, workspace, signIn, isPhone }) => {
  await signIn(page, workspace.admin);
  await page.goto("/settings/users");
  await expect(page.getByRole("heading", { name: "People", level: 1 })).toBeVisible();
  if (isPhone) await choose(page, isPhone, "Keyboard shortcuts");
  else await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: /shortcuts/i });
  for (const does of ["Invite people", "Search and commands", "Audit log"]) {
    await expect(sheet.getByText(does, { exact: true })).toBeVisible();
  }
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(sheet).toBeHidden();
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await expect(page).toHaveURL(/\/settings\/audit-log/);
  await expect(page.getByRole("heading", { name: "Audit log", level: 1 })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("h");
  await expect(page.getByRole("heading", { name: "Home", level: 1 })).toBeVisible();
});

test("typing is typing, not a shortcut", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  await page.goto("/settings/users");
  const search = page.getByRole("searchbox").first();
  await search.click();
  await page.keyboard.type("gh?n");
  await expect(search).toHaveValue("gh?n");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page).toHaveURL(/\/settings\/users/);
});

test("what a role may not open is not offered", async ({ page, workspace, signIn }) => {
  await signIn(page, await workspace.member("agent"));
  await page.goto("/settings");
  const links = page.getByRole("navigation", { name: "Settings" }).getByRole("link");
  await expect(links.filter({ hasText: "Profile" })).toBeVisible();
  for (const hidden of ["API keys", "Single sign-on", "Audit log"]) {
    await expect(links.filter({ hasText: hidden })).toHaveCount(0);
  }
  await expect(page.getByRole("link", { name: "System" })).toHaveCount(0);
  await page.goto("/settings/audit-log");
  await expect(page.getByText("Ask an admin of this workspace.")).toBeVisible();
});

test("the rail narrows and stays narrow", async ({ page, workspace, signIn, isPhone }) => {
  await signIn(page, workspace.admin);
  await page.goto("/");
  if (isPhone) {
    // A phone has no rail; all of its entries are at the bottom and behind "More".
    await expect(page.getByRole("button", { name: /the navigation$/ })).toHaveCount(0);
    await page.getByRole("button", { name: "More" }).click();
    await expect(page.getByRole("dialog").getByRole("button", { name: "Log out", exact: true })).toBeVisible();
    await expectAccessible(page);
    return;
  }
  await page.getByRole("button", { name: "Narrow the navigation" }).click();
  await page.reload();
  await expect(page.getByRole("button", { name: "Widen the navigation" })).toBeVisible();
  // Its links keep their names.
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "System" }).click();
  await expect(page.getByRole("heading", { name: "System", level: 1 })).toBeVisible();
  await expectAccessible(page);
});

test("an address that leads nowhere says so, inside the frame @any-width", async ({ page, workspace, signIn }) => {
  await signIn(page, workspace.admin);
  await page.goto("/nowhere/at/all");
  await expect(page.getByText("There is no such page")).toBeVisible();
  await page.getByRole("link", { name: "Go home" }).click();
  await expect(page.getByRole("heading", { name: "Home", level: 1 })).toBeVisible();
});

test("the app can be installed @any-width", async ({ page, request, program }) => {
  await page.goto("/login");
  const href = await page.locator("link[rel=manifest]").getAttribute("href");
  const manifest = await (await request.get(`${program.url}${href}`)).json();
  expect(manifest).toMatchObject({ name: "SocialAI Hub", display: "standalone", start_url: "/" });
  for (const { src } of manifest.icons) expect((await request.get(`${program.url}${src}`)).status()).toBe(200);
});

test("a page that is up to date is live and offers no update", async ({ page, workspace, signIn, isPhone }) => {
  await signIn(page, await workspace.member("agent"));
  await page.goto("/");
  await expectLive(page, isPhone);
  await expect(page.getByText("A new version is ready.")).toHaveCount(0);
});
