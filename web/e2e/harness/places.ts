/** Where things are. The runner decides once, in playwright.config.ts; its workers inherit it. */
import { chmodSync, existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const CHECKOUT = fileURLToPath(new URL("../../../", import.meta.url));
export const PROGRAM = process.env["SOCIALAI_PROGRAM"] ?? join(CHECKOUT, "target/debug/socialai");

/** This run's own folder: two runs on one machine share nothing. */
export function runFolder(): string {
  const given = process.env["SOCIALAI_E2E_DIR"];
  if (given) return given;
  const made = mkdtempSync(join(tmpdir(), "socialai-e2e-"));
  // PostgreSQL may run as another account and has to get through.
  chmodSync(made, 0o711);
  process.env["SOCIALAI_E2E_DIR"] = made;
  return made;
}

const BROWSERS = [
  // Debian's Chromium without a window to draw: the same pages in two thirds of the time.
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The system's own browser; none is ever downloaded. */
export function chromium(): string {
  const given = process.env["SOCIALAI_CHROMIUM"];
  const found = given ?? BROWSERS.find((path) => existsSync(path));
  if (!found) throw new Error("Chromium is missing: run `make tools`, or name one in SOCIALAI_CHROMIUM.");
  return found;
}

export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
