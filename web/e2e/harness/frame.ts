/** Ways through the frame that differ between a desk and a phone. */
import { expect, type Locator, type Page } from "@playwright/test";

/** Chooses from what concerns only oneself: "Log out", "Keyboard shortcuts", … */
export async function choose(page: Page, isPhone: boolean, entry: string): Promise<void> {
  if (isPhone) {
    await page.getByRole("navigation", { name: "Main" }).getByRole("button", { name: "More" }).click();
    await page.getByRole("dialog").getByRole("button", { name: entry, exact: true }).click();
  } else {
    await page.getByRole("button", { name: /, your menu$/ }).click();
    await page.getByRole("menuitem", { name: entry }).first().click();
  }
}

/** Goes to another workspace of this person. */
export async function switchTo(page: Page, isPhone: boolean, workspace: string): Promise<void> {
  if (isPhone) {
    await choose(page, isPhone, `Switch to ${workspace}`);
  } else {
    await page.getByRole("button", { name: /^Workspace / }).click();
    await page.getByRole("menuitem", { name: workspace }).click();
  }
}

/** The mark that says that changes appear by themselves; a phone has it behind "More". */
export async function expectLive(page: Page, isPhone: boolean): Promise<void> {
  const mark = page.getByRole("button", { name: "Live: changes appear by themselves" });
  if (!isPhone) return expect(mark).toBeVisible({ timeout: 60_000 });
  await page.getByRole("navigation", { name: "Main" }).getByRole("button", { name: "More" }).click();
  await expect(mark).toBeVisible({ timeout: 60_000 });
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
}

/** Presses Tab until it has the focus, as somebody without a mouse does. */
export async function tabTo(page: Page, target: Locator, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < 80; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${String(target)} cannot be reached with ${key}.`);
}
