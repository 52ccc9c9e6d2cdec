/**
 * How smoothly 10,000 rows scroll: the gallery's table, built as the pages are, in the system's Chromium. Counts the
 * frames that were drawn late while the wheel turns without a pause.
 *
 *     node bench/scroll.ts [--json] [--slow 4]
 */
import { chromium as browsers, type CDPSession, type Page } from "@playwright/test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { serveGallery } from "../e2e/harness/gallery.ts";
import { chromium, CHROMIUM_FLAGS } from "../e2e/harness/places.ts";

const SCROLL_MS = 6000;
/** Four rows in each frame, 12,000 pixels in a second: a hard push of the wheel. */
const PIXELS_PER_FRAME = 200;
const FRAME_MS = 1000 / 60;

export interface ScrollFigures {
  rows: number;
  slowdown: number;
  frames: number;
  /** Frames per second over the whole run. */
  fps: number;
  medianMs: number;
  p95Ms: number;
  worstMs: number;
  /** Main-thread CPU time for each frame: what the table costs, whatever else the machine is doing. */
  workMs: number;
  /** Share of the frames that came later than one and a half frames after the one before. */
  late: number;
  mostRowsInDocument: number;
}

export async function measureScrolling(slowdown: number): Promise<ScrollFigures> {
  const folder = await mkdtemp(join(tmpdir(), "socialai-scroll-"));
  const gallery = await serveGallery(folder);
  const browser = await browsers.launch({ executablePath: chromium(), args: CHROMIUM_FLAGS });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(`${gallery.url}?part=tables`);
    await page.getByRole("row").nth(5).waitFor();
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
    // Once without counting: code is compiled and fonts are there.
    await scroll(page, 1000);
    await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
    const before = await busy(devtools);
    const run = await scroll(page, SCROLL_MS);
    return figures(run, slowdown, (await busy(devtools)) - before);
  } finally {
    await browser.close();
    await gallery.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Milliseconds that the page's main thread has computed so far. */
async function busy(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0) * 1000;
}

interface Run {
  times: number[];
  mostRows: number;
}

/** Scrolls down and up again in steps of one frame, and writes down when each frame came. */
async function scroll(page: Page, duration: number): Promise<Run> {
  return page.evaluate(
    async ({ duration, step }) => {
      const region = document.querySelector("[data-scroll-region]");
      if (!region) throw new Error("nothing scrolls here");
      // Read once: asking for them in each frame would make the browser lay out the page just for us.
      const end = region.scrollHeight - region.clientHeight;
      const times: number[] = [];
      let mostRows = 0;
      let top = region.scrollTop;
      let way = step;
      const begin = performance.now();
      await new Promise<void>((done) => {
        const frame = (now: number) => {
          times.push(now);
          if (times.length % 30 === 0) mostRows = Math.max(mostRows, document.querySelectorAll("[role=row]").length);
          if (now - begin > duration) return done();
          if (top + way > end || top + way < 0) way = -way;
          top += way;
          region.scrollTop = top;
          return requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      });
      return { times, mostRows };
    },
    { duration, step: PIXELS_PER_FRAME },
  );
}

function figures({ times, mostRows }: Run, slowdown: number, work: number): ScrollFigures {
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const sorted = gaps.toSorted((one, other) => one - other);
  const at = (share: number) => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  const total = gaps.reduce((sum, gap) => sum + gap, 0);
  return {
    rows: 10_000,
    slowdown,
    frames: gaps.length,
    fps: round((gaps.length * 1000) / total),
    medianMs: at(0.5),
    p95Ms: at(0.95),
    worstMs: at(1),
    workMs: round(work / gaps.length),
    late: round(gaps.filter((gap) => gap > FRAME_MS * 1.5).length / gaps.length, 4),
    mostRowsInDocument: mostRows,
  };
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { json: { type: "boolean" }, slow: { type: "string", default: "1" } } });
  const found = await measureScrolling(Number(values.slow));
  if (values.json) console.log(JSON.stringify(found));
  else {
    console.log(
      `${found.rows} rows, CPU ${found.slowdown} × slower: ${found.fps} frames per second, median ${found.medianMs} ms, ` +
        `95 % within ${found.p95Ms} ms, worst ${found.worstMs} ms, ${(found.late * 100).toFixed(1)} % late, ` +
        `${found.workMs} ms of work for each, ` +
        `at most ${found.mostRowsInDocument} rows in the document`,
    );
  }
}
