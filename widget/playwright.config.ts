/** Browser tests: the built widget on a page of one origin, the stand-in of the hub (dev/hub.ts) on another. */
import { defineConfig } from "@playwright/test";
import { existsSync } from "node:fs";

const BROWSERS = [
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The system's own browser; none is ever downloaded. */
function chromium(): string {
  const found = process.env["SOCIALAI_CHROMIUM"] ?? BROWSERS.find((path) => existsSync(path));
  if (!found) throw new Error("Chromium is missing: run `make tools`, or name one in SOCIALAI_CHROMIUM.");
  return found;
}

export default defineConfig({
  testDir: "e2e",
  fullyParallel: true,
  forbidOnly: true,
  workers: 2,
  timeout: 40_000,
  // For machines that are busy with other things; what is as expected is seen at once.
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    locale: "en-GB",
    actionTimeout: 10_000,
    contextOptions: { reducedMotion: "reduce" },
    screenshot: "only-on-failure",
    viewport: { width: 1280, height: 800 },
    launchOptions: { executablePath: chromium(), args: ["--no-sandbox", "--disable-gpu", "--no-first-run"] },
  },
});
