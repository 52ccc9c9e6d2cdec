/** Browser tests: the real program, a real database, the system's Chromium. See e2e/README.md. */
import { defineConfig, type Project } from "@playwright/test";
import { join } from "node:path";

import { chromium, CHROMIUM_FLAGS, runFolder } from "./e2e/harness/places.ts";

const folder = runFolder();
const DESKTOP = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const GALLERY = /gallery\.spec\.ts/;

/**
 * Journeys in which nothing hangs on the width: what is asked of the server, kept, refused or heard meanwhile. Their pages
 * are looked at in both widths by pages.spec and by the other journeys of their files, so a phone would only repeat them.
 */
const ANY_WIDTH = /@any-width/;

const project = (name: string, use: Project["use"], gallery: boolean): Project => ({
  name,
  use: { ...use },
  ...(gallery ? { testMatch: GALLERY } : { testIgnore: GALLERY }),
  ...(use === PHONE && { grepInvert: ANY_WIDTH }),
});

export default defineConfig({
  testDir: "e2e",
  globalSetup: "./e2e/harness/global-setup.ts",
  outputDir: join(folder, "results"),
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  workers: 2,
  timeout: 180_000,
  // For machines that are busy with other things; what is as expected is seen at once.
  expect: { timeout: 30_000 },
  reporter: [["list"], ["./e2e/harness/summary.ts"]],
  use: {
    browserName: "chromium",
    headless: true,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    screenshot: "only-on-failure",
    contextOptions: { reducedMotion: "reduce" },
    // Each test would put all parts of the app away for reading offline; those about that allow it.
    serviceWorkers: "block",
    launchOptions: { executablePath: chromium(), args: CHROMIUM_FLAGS },
  },
  projects: [
    project("desktop", DESKTOP, false),
    project("phone", PHONE, false),
    project("gallery-desktop", DESKTOP, true),
    project("gallery-phone", PHONE, true),
  ],
});
