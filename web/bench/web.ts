/**
 * How fast the web app is on a slow machine: the release program, the system's Chromium with its CPU slowed down four
 * times, nothing in its cache.
 *
 * - *First paint*: first contentful paint, as the browser reports it.
 * - *Interactive*: from the start of the navigation until the page can be used (the log-in form takes typing; the list of
 *   the signed-in page is shown) and the main thread is free: the end of the last task of 50 ms or more, if that is later.
 *   Free means that no such task follows within half a second.
 * - *Baseline*: the same for a small static file of the same server that the browser shows as text. It costs what the
 *   browser, the connection and the server cost before there is any app.
 *
 * Each round measures the baseline and every page once, in a new browser profile; told is the median.
 *
 *     npm run bench [-- --json] [--rounds 9] [--slow 4] [--no-scroll]
 */
import { chromium as browsers, expect, type Browser, type CDPSession, type Page } from "@playwright/test";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { chromium, CHROMIUM_FLAGS } from "../e2e/harness/places.ts";
import { PASSWORD, Program } from "../e2e/harness/program.ts";
import { measureScrolling, type ScrollFigures } from "./scroll.ts";

interface Load {
  firstPaintMs: number;
  interactiveMs: number;
  transferredKb: number;
  scriptKb: number;
}

interface Scenario {
  path: string;
  isSignedIn: boolean;
  /** Runs in the page: whether a person could use it now. */
  isUsable: () => boolean;
  /** Proves it, the way a person would. */
  use?: (page: Page) => Promise<void>;
}

const SCENARIOS: Record<string, Scenario> = {
  baseline: { path: "/theme.js", isSignedIn: false, isUsable: () => document.readyState === "complete" },
  login: {
    path: "/login",
    isSignedIn: false,
    isUsable: () => document.querySelector<HTMLInputElement>("input[name=email]")?.disabled === false,
    use: async (page) => {
      await page.getByLabel("E-mail").pressSequentially("a");
      await expect(page.getByLabel("E-mail")).toHaveValue("a");
    },
  },
  home: {
    path: "/",
    isSignedIn: true,
    isUsable: () => document.querySelector("main li") !== null && !document.querySelector("main [aria-busy=true]"),
    use: (page) => expect(page.getByRole("heading", { name: "Home", level: 1 })).toBeVisible(),
  },
  people: {
    path: "/settings/users",
    isSignedIn: true,
    isUsable: () => document.body.textContent.includes("rep@acme.test"),
    use: (page) => expect(page.getByText("Rita Rep").first()).toBeVisible(),
  },
};

const QUIET_MS = 500;
const LONG_TASK_MS = 50;

/** Runs in the page before anything else; the answer is in `window.usable` when it is there. */
function observe(isUsable: () => boolean, quiet: number, long: number): void {
  let lastTaskEnd = 0;
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      if (duration >= long) lastTaskEnd = Math.max(lastTaskEnd, startTime + duration);
    }
  }).observe({ type: "longtask", buffered: true });
  let usableAt: number | undefined;
  const watch = () => {
    if (document.body && isUsable()) usableAt ??= performance.now();
    const interactive = Math.max(usableAt ?? Infinity, lastTaskEnd);
    if (performance.now() - interactive < quiet || usableAt === undefined) {
      setTimeout(watch, 10);
      return;
    }
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    Object.assign(globalThis, { measured: { firstPaintMs: paint?.startTime ?? 0, interactiveMs: interactive } });
  };
  watch();
}

async function load(browser: Browser, url: string, scenario: Scenario, slowdown: number): Promise<Load> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    if (scenario.isSignedIn) {
      const data = { email: "manager@acme.test", password: PASSWORD, tenant: "acme", delivery: "cookie" };
      const answer = await context.request.post(`${url}/api/v1/auth/login`, { data });
      expect(answer.ok(), await answer.text()).toBe(true);
    }
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    const bytes = await countBytes(devtools);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
    // As text: functions cannot be handed over to a page.
    const [watch, isUsable] = [String(observe), String(scenario.isUsable)];
    await page.addInitScript({ content: `(${watch})(${isUsable}, ${QUIET_MS}, ${LONG_TASK_MS});` });
    await page.goto(url + scenario.path);
    const handle = await page.waitForFunction(() => Reflect.get(globalThis, "measured"), undefined, {
      timeout: 60_000,
    });
    const times = (await handle.jsonValue()) as Pick<Load, "firstPaintMs" | "interactiveMs">;
    const sent = { transferredKb: bytes.all / 1000, scriptKb: bytes.scripts / 1000 };
    await scenario.use?.(page);
    return { ...times, ...sent };
  } finally {
    await context.close();
  }
}

/** What comes over the network, as it comes: compressed, with headers. */
async function countBytes(devtools: CDPSession): Promise<{ all: number; scripts: number }> {
  const bytes = { all: 0, scripts: 0 };
  const scripts = new Set<string>();
  devtools.on("Network.responseReceived", ({ requestId, type }) => type === "Script" && scripts.add(requestId));
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    bytes.all += encodedDataLength;
    if (scripts.has(requestId)) bytes.scripts += encodedDataLength;
  });
  await devtools.send("Network.enable");
  return bytes;
}

const median = (values: number[]): number => values.toSorted((one, other) => one - other)[values.length >> 1] ?? 0;
const round = (value: number) => Math.round(value * 10) / 10;

function summarise(loads: Load[]): Load & { slowestInteractiveMs: number } {
  const of = (name: keyof Load) => round(median(loads.map((one) => one[name])));
  return {
    firstPaintMs: of("firstPaintMs"),
    interactiveMs: of("interactiveMs"),
    slowestInteractiveMs: round(Math.max(...loads.map(({ interactiveMs }) => interactiveMs))),
    transferredKb: of("transferredKb"),
    scriptKb: of("scriptKb"),
  };
}

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "9" },
    slow: { type: "string", default: "4" },
    "no-scroll": { type: "boolean", default: false },
  },
});

async function measure() {
  const [rounds, slowdown] = [Number(options.rounds), Number(options.slow)];
  const folder = mkdtempSync(join(tmpdir(), "socialai-bench-"));
  chmodSync(folder, 0o711);
  const program = await Program.start({ dataDir: join(folder, "data"), removes: join(folder, "data") });
  const browser = await browsers.launch({ executablePath: chromium(), args: CHROMIUM_FLAGS });
  const loads: Record<string, Load[]> = {};
  try {
    // One round without counting: the program and the file cache of the machine are warm, the browser's never is.
    for (let number = 0; number <= rounds; number++) {
      for (const [name, scenario] of Object.entries(SCENARIOS)) {
        const one = await load(browser, program.facts.url, scenario, slowdown);
        if (number > 0) (loads[name] ??= []).push(one);
      }
    }
  } finally {
    await browser.close();
    await program.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const pages = Object.fromEntries(Object.entries(loads).map(([name, all]) => [name, summarise(all)]));
  const base = pages["baseline"]?.interactiveMs ?? 1;
  const ratios = Object.entries(pages).map(([name, { interactiveMs }]) => [name, round(interactiveMs / base)]);
  const scroll: ScrollFigures[] = [];
  if (!options["no-scroll"]) for (const rate of [1, slowdown]) scroll.push(await measureScrolling(rate));
  return { name: "web", slowdown, rounds, pages, ratioToBaseline: Object.fromEntries(ratios), scroll };
}

const report = await measure();
if (!options.json) {
  console.log(`Chromium, CPU slowed down ${report.slowdown} times, cold cache, median of ${report.rounds}`);
  console.table(report.pages);
  if (report.scroll.length > 0) console.table(report.scroll);
}
console.log(JSON.stringify(report, undefined, 2));
