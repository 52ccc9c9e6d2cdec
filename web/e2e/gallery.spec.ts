/** Every primitive by itself: it can be reached, named and read, it keeps what was typed, and nothing sticks out. */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";

import { serveGallery } from "./harness/gallery.ts";
import { runFolder } from "./harness/places.ts";
import { expectNoSidewaysScroll } from "./harness/settle.ts";
import { expect, expectAccessible, test as base } from "./harness/test.ts";

const test = base.extend<{ open: (part: string, more?: string) => Promise<void> }, { gallery: string }>({
  gallery: [
    async ({}, give) => {
      const folder = await mkdtemp(join(runFolder(), "gallery-"));
      const { url, close } = await serveGallery(folder);
      await give(url);
      await close();
      await rm(folder, { recursive: true });
    },
    { scope: "worker", timeout: 120_000 },
  ],
  open: async ({ page, gallery }, give) => {
    await give(async (part, more = "") => {
      await page.goto(`${gallery}?part=${part}${more}`);
      await expect(page.getByRole("tab", { name: part, exact: true })).toHaveAttribute("aria-selected", "true");
    });
  },
});

for (const part of ["buttons", "fields", "forms", "states", "layers", "texts", "changes", "work", "tables"]) {
  test(`${part} can be read by everybody and fit their place`, async ({ page, open }) => {
    await open(part);
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
  });
}

const LAYERS: [button: string, role: "dialog" | "alertdialog" | "menu", name: string][] = [
  ["Dialog", "dialog", "Invite a person"],
  ["Confirm", "alertdialog", "Remove 3 users?"],
  ["Confirm by typing", "alertdialog", "End this workspace?"],
  ["Sheet", "dialog", "Entry"],
  ["Bottom sheet", "dialog", "Filters"],
  ["Palette", "dialog", "Command palette"],
  ["Shortcuts", "dialog", "Keyboard shortcuts"],
  ["Popover", "dialog", "Between"],
  ["Menu", "menu", ""],
];
for (const [button, role, name] of LAYERS) {
  test(`${button} opens by keyboard, is accessible, and gives the focus back`, async ({ page, open }) => {
    await open("layers");
    const opener = page.getByRole("button", { name: button, exact: true });
    await opener.focus();
    await page.keyboard.press("Enter");
    const layer = page.getByRole(role, name ? { name } : {});
    await expect(layer).toBeVisible();
    await expect(
      layer
        .locator(":focus")
        .or(page.locator(`[role=${role}]:focus`))
        .first(),
    ).toBeVisible();
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await expect(layer).toBeHidden();
    await expect(opener).toBeFocused();
  });
}

test("a secret stays in sight until it is kept", async ({ page, open }) => {
  await open("layers");
  await page.getByRole("button", { name: "Secret", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: /^The key “/ });
  await page.keyboard.press("Escape");
  await expect(dialog.getByText("Save the key first.")).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole("checkbox", { name: "I have saved the key" }).check();
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(dialog).toBeHidden();
});

test("a busy button keeps its width and its focus, and ignores further presses", async ({ page, open }) => {
  await open("buttons");
  const start = page.getByRole("button", { name: "Start the export" });
  const before = await start.boundingBox();
  await start.click();
  await expect(start).toHaveAttribute("aria-busy", "true");
  await expect(start).toBeFocused();
  expect((await start.boundingBox())?.width).toBe(before?.width);
  await expect(page.getByRole("status").filter({ hasText: "Working…" }).first()).toBeAttached();
});

test("a one-time code is taken however it was copied @any-width", async ({ page, open }) => {
  await open("fields");
  const code = page.getByLabel("Code from your app");
  await code.fill("123 456");
  await expect(code).toHaveValue("123456");
  await expect(page.getByText("Sent 123456.")).toBeVisible();
});

test("a password can be looked at, and its strength is said in words", async ({ page, open }) => {
  await open("fields");
  const password = page.getByLabel("New password", { exact: true });
  await password.fill("password1234");
  await expect(page.getByText("Easy to guess: add another word.")).toBeVisible();
  await expect(password).toHaveAttribute("type", "password");
  await page.getByRole("button", { name: "Show password" }).click();
  await expect(password).toHaveAttribute("type", "text");
  await expect(password).toHaveValue("password1234");
});

test("one of many options is found by typing", async ({ page, open }) => {
  await open("fields");
  const zone = page.getByRole("combobox", { name: "Time zone" });
  await zone.fill("tokyo");
  await expect(page.getByRole("option")).toHaveCount(1);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(zone).toHaveValue("Asia/Tokyo");
  await expect(page.getByText("Chosen: Asia/Tokyo")).toBeVisible();
});

test("one of a few options is chosen with the keyboard alone @any-width", async ({ page, open }) => {
  await open("fields");
  const role = page.getByRole("combobox", { name: "Role", exact: true }).first();
  await expect(role).toHaveText("Admin");
  await role.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("option", { name: "Admin" })).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await expect(role).toHaveText("Owner");
  await expect(role).toBeFocused();
});

test("a form says at each field what is missing, and takes the writer to the first @any-width", async ({
  page,
  open,
}) => {
  await open("forms");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByLabel("Name")).toBeFocused();
  await expect(page.getByLabel("Name")).toHaveAccessibleDescription("Fill in Name.");
  await expect(page.getByRole("combobox", { name: "Role" })).toHaveAccessibleDescription("Choose Role.");
  await expect(page.getByText("Taken 0 times.")).toBeVisible();
});

test("what the server refuses is said at its field, the rest above the form, and nothing typed is lost @any-width", async ({
  page,
  open,
}) => {
  await open("forms");
  await page.getByLabel("Name").fill("  Ada  ");
  await page.getByLabel("Address").fill("ada@example.com");
  await page.getByRole("combobox", { name: "Role" }).click();
  await page.getByRole("option", { name: "Agent" }).click();
  await page.getByRole("radio", { name: "Admin" }).check();
  await page.getByRole("checkbox", { name: "Agent" }).check();
  await page.getByRole("checkbox", { name: "I agree" }).check();

  await page.getByRole("button", { name: "refused" }).click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByLabel("Address")).toBeFocused();
  await expect(page.getByLabel("Address")).toHaveAccessibleDescription("This address is taken.");
  await expect(page.getByText("Agents may not have this scope.")).toBeVisible();
  const alert = page.getByRole("alert");
  await expect(alert).toContainText("region: The region is closed.");
  await expect(alert).toContainText("req_0198c0ffee");
  await expect(alert).not.toContainText("This address is taken.");

  await page.getByRole("button", { name: "unreachable" }).click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(alert).toContainText("The server cannot be reached");
  await expect(page.getByLabel("Name")).toHaveValue("  Ada  ");

  await page.getByRole("button", { name: "taken", exact: true }).click();
  await page.getByRole("button", { name: "Save", exact: true }).dblclick();
  await expect(page.getByText("Taken 1 times.")).toBeVisible();
  await expect(alert).toBeHidden();
});

test("what cannot be undone wants its name typed, and a failure leaves the question open", async ({ page, open }) => {
  await open("layers");
  await page.getByRole("button", { name: "Confirm by typing" }).click();
  const end = page.getByRole("button", { name: "End the workspace" });
  await expect(end).toBeDisabled();
  await page.getByLabel("Type “acme” to confirm").fill("acme");
  await end.click();
  await expect(page.getByRole("alertdialog")).toBeHidden();

  await page.getByRole("button", { name: "Confirm that fails" }).click();
  await page.getByRole("button", { name: "Rotate" }).click();
  await expect(page.getByRole("alertdialog").getByRole("alert")).toContainText("The server cannot be reached");
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("alertdialog")).toBeHidden();
});

test("a change is taken back from its toast, which the keyboard reaches", async ({ page, open }) => {
  await open("layers");
  await page.getByRole("button", { name: "With undo" }).click();
  await expect(page.getByText("3 users removed")).toBeVisible();
  await page.keyboard.press("F6");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Undo", exact: true })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByText("They are back")).toBeVisible();
});

test("a toast stays long enough to be read @any-width", async ({ page, open }) => {
  await page.clock.install({ time: new Date("2026-05-04T10:00:00Z") });
  await open("layers");
  await page.clock.pauseAt(new Date("2026-05-04T11:00:00Z"));
  await page.getByRole("button", { name: "Toast", exact: true }).click();
  await page.clock.runFor(5500);
  await expect(page.getByText("Saved")).toBeVisible();
  await page.clock.runFor(2000);
  await expect(page.getByText("Saved")).toBeHidden();
});

test("the palette finds words in any order and remembers what was used", async ({ page, open }) => {
  await open("layers");
  const opener = page.getByRole("button", { name: "Palette" });
  await opener.click();
  await page.keyboard.type("log aud");
  await expect(page.getByRole("option")).toHaveText(["Audit logGA"]);
  await page.keyboard.press("Enter");
  await expect(page.getByText("Went to Audit log")).toBeVisible();
  await opener.click();
  await expect(page.getByRole("option").first()).toContainText("Audit log");
  await page.keyboard.type("no such thing");
  await expect(page.getByText("Nothing matches “no such thing”.")).toBeVisible();
});

test("background work is followed and its result is fetched from the activity menu @any-width", async ({
  page,
  open,
}) => {
  await open("work");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByRole("button", { name: "Activity, 1 running" }).click();
  await expect(page.getByRole("progressbar", { name: "Export of the audit log" })).toHaveAttribute(
    "aria-valuenow",
    "24",
  );
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Finish" }).click();
  await page.getByRole("button", { name: "Activity", exact: true }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download audit.csv" }).click();
  expect((await download).suggestedFilename()).toBe("audit.csv");
});

test("of ten thousand rows only those in sight are in the document", async ({ page, open, isPhone }) => {
  await open("tables");
  const rows = isPhone ? page.getByRole("listitem") : page.getByRole("row");
  await expect(rows.first()).toBeVisible();
  expect(await rows.count()).toBeLessThan(50);
  if (!isPhone) await expect(page.getByRole("table", { name: "People" })).toHaveAttribute("aria-rowcount", "10001");
});

test("the keyboard moves through the rows and opens one", async ({ page, open, isPhone }) => {
  await open("tables");
  const opener = (name: string) => page.getByRole("button", { name });
  if (isPhone) {
    await opener("Person 1 person.1@").focus();
    await page.keyboard.press("Enter");
    await expect(opener("Person 1 person.1@")).toHaveAttribute("aria-current", "true");
    return;
  }
  await page.keyboard.press("j");
  await expect(opener("Ada Lovelace")).toBeFocused();
  await page.keyboard.press("j");
  await page.keyboard.press("ArrowDown");
  await expect(opener("Person 2 person.2@")).toBeFocused();
  await page.keyboard.press("k");
  await expect(opener("Person 1 person.1@")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("row", { name: "Person 1 person.1@" })).toHaveAttribute("aria-current", "true");
  await page.keyboard.press("End");
  await expect(opener("person.9999@")).toBeFocused();
  await expect(opener("person.9999@")).toBeInViewport();
  await page.keyboard.press("Home");
  await expect(opener("Ada Lovelace")).toBeFocused();
  await expect(opener("Ada Lovelace")).toBeInViewport();
});

test("a row opens wherever it is pressed, but not when its menu is", async ({ page, open, isPhone }) => {
  await open("tables");
  const row = page.getByRole(isPhone ? "listitem" : "row").filter({ hasText: "person.2@example.com" });
  const selected = row.locator("[aria-current=true]").or(row.and(page.locator("[aria-current=true]")));
  await row.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await expect(page.getByText("Edit Person 2")).toBeVisible();
  await expect(selected).toHaveCount(0);
  await row.getByText("Agent").click();
  await expect(selected).toHaveCount(1);
});

test("the choice of columns is kept on this device", async ({ page, open, isPhone }) => {
  await open("tables");
  const shown = page
    .getByRole(isPhone ? "listitem" : "row")
    .getByText("Active", { exact: true })
    .first();
  await expect(shown).toBeVisible();
  if (isPhone) await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("button", { name: "Columns" }).click();
  await page.getByRole("menuitemcheckbox", { name: "State" }).click();
  await expect(page.getByRole("menuitemcheckbox", { name: "State" })).toHaveAttribute("aria-checked", "false");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("columnheader", { name: "State" })).toBeHidden();
  await page.reload();
  await expect(page.getByRole("columnheader", { name: "Role" })).toBeVisible();
  await expect(page.getByRole("columnheader", { name: "State" })).toBeHidden();
});

test("the next page comes before the end is in sight @any-width", async ({ page, open }) => {
  await open("tables", "&table=paged");
  await expect(page.getByText("50 of 10,000")).toBeAttached();
  const region = page.locator("[data-scroll-region]");
  await region.evaluate((element) => element.scrollTo({ top: element.scrollHeight }));
  await expect(page.getByText(/^1[05]0 of 10,000/)).toBeAttached();
});

test("a page that does not come can be asked for @any-width", async ({ page, open }) => {
  await open("tables", "&table=stuck");
  await page.locator("[data-scroll-region]").evaluate((element) => element.scrollTo({ top: element.scrollHeight }));
  await expect(page.getByRole("button", { name: "Load more" })).toBeVisible();
});

test("rows that are still loading have their place already", async ({ page, open }) => {
  await open("tables", "&table=loading");
  await expect(page.getByText("Loading People")).toBeAttached();
  await expect(page.locator("[aria-hidden=true].border-b").first()).toBeVisible();
});
