/** Getting about as somebody without a mouse does. */
import { expect, type Locator, type Page } from "@playwright/test";

const MOST_PRESSES = 80;

/** Presses Tab until this has the focus. */
export async function tabTo(page: Page, goal: Locator): Promise<void> {
  await expect(goal).toBeVisible();
  for (let presses = 0; presses < MOST_PRESSES; presses += 1) {
    if (await goal.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  await expect(goal, "can be reached with Tab").toBeFocused();
}
