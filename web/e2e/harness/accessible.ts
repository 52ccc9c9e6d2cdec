/** Accessibility of what is shown, in both themes. */
import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { runFolder } from "./places.ts";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
/** The rules whose outcome hangs on colours. Names, roles and order are the same in both themes and looked at once. */
const OF_COLOURS = ["color-contrast", "link-in-text-block"];
/** Invisible posts at the ends of an open layer: whoever tabs onto one is sent on at once, so nothing is ever hidden there. */
const FOCUS_GUARD = "[data-base-ui-focus-guard]";
const ONLY_FINDINGS = { resultTypes: ["violations" as const] };
const SOURCE = readFileSync(
  createRequire(import.meta.resolve("@axe-core/playwright")).resolve("axe-core/axe.min.js"),
  "utf8",
);
const summaryFile = () => join(runFolder(), "axe.txt");

/** No finding of axe (WCAG 2.2 A and AA) in light and in dark. The page is left in the theme it was in. */
export async function expectAccessible(page: Page, part?: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await settled(page);
    // Legacy mode looks at this page only; the other one opens a second page for foreign frames, of which we have none.
    // Only findings are wanted: writing down each of the thousand elements that are fine takes longer than to look at them.
    const axeSource = await sourceFor(page);
    let axe = new AxeBuilder({ page, axeSource }).setLegacyMode().options(ONLY_FINDINGS).exclude(FOCUS_GUARD);
    axe = colorScheme === "light" ? axe.withTags(TAGS) : axe.withRules(OF_COLOURS);
    if (part) axe = axe.include(part);
    const { violations } = await axe.analyze();
    const findings = violations.flatMap(({ id, help, nodes }) =>
      nodes.map(
        ({ target, html, failureSummary }) => `${id}: ${help}\n  ${target.join(" ")}\n  ${html}\n  ${failureSummary}`,
      ),
    );
    appendFileSync(summaryFile(), `${findings.length}\n`);
    expect(findings, `axe in ${colorScheme} at ${page.url()}`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: null });
}

/** Half a megabyte of script, once for each page and not for each look at it. */
async function sourceFor(page: Page): Promise<string> {
  return (await page.evaluate("'axe' in window")) ? "void axe" : SOURCE;
}

/** Half-faded text has half the contrast: waits until nothing moves any more. Endless ones (skeletons) do not count. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const moving = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(moving.map(({ finished }) => finished));
  });
}

/** One line about the whole run. */
export function axeSummary(): string | undefined {
  if (!existsSync(summaryFile())) return undefined;
  const counts = readFileSync(summaryFile(), "utf8").trim().split("\n").map(Number);
  return `axe: ${counts.length} page states looked at, ${counts.reduce((sum, count) => sum + count, 0)} findings`;
}
