/** What every page has to be, whatever is on it. */
import { expect, type Page, type Response } from "@playwright/test";

/** The page is there: its title, or what was opened over it, and nothing that is still loading. */
export async function settled(page: Page): Promise<void> {
  await expect(page.getByRole("heading", { level: 1 }).or(page.getByRole("dialog")).first()).toBeVisible();
  await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
  await expect(page.getByText(/^Loading [A-Z]/)).toHaveCount(0);
}

/** Nothing sticks out: neither the page nor what scrolls in it goes sideways. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const wide = await page.evaluate(() => {
    const all = [document.documentElement, ...document.querySelectorAll("[data-scroll-region]")];
    return all
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      .map(({ tagName, scrollWidth, clientWidth }) => `${tagName}: ${scrollWidth} in ${clientWidth}`);
  });
  expect(wide, `what is wider than its place at ${page.url()}`).toEqual([]);
}

/** Collects answers that are refusals, from now on. */
export function refusals(page: Page): string[] {
  const found: string[] = [];
  page.on("response", (response: Response) => {
    if (response.status() >= 400) found.push(`${response.status()} ${response.request().method()} ${response.url()}`);
  });
  return found;
}
