/**
 * What a visitor's browser loads, compressed: the loader on every page of the website, and all files together. Counted
 * is the larger form (gzip), which is what an old proxy lets through. Fails above the budget.
 */
import { readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const BUDGET_KB = { loader: 6, all: 30 };

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const kb = (name: string) => statSync(dist + name).size / 1000;
const files = readdirSync(dist).filter((name) => name.endsWith(".gz"));
for (const file of ["widget.js.gz", "frame.html.gz", "frame.js.gz", "frame.css.gz"]) {
  if (!files.includes(file)) throw new Error(`dist lacks ${file}; run the build first.`);
}

const totals = { loader: kb("widget.js.gz"), all: files.reduce((sum, file) => sum + kb(file), 0) };
for (const file of files)
  console.log(`  ${file.replace(/\.gz$/, "").padEnd(12)} ${kb(file).toFixed(1).padStart(6)} kB`);
let isOver = false;
for (const [what, limit] of Object.entries(BUDGET_KB)) {
  const size = totals[what as keyof typeof totals];
  isOver ||= size >= limit;
  console.log(`${what.padEnd(8)} ${size.toFixed(1).padStart(6)} kB of ${limit}  ${size < limit ? "ok" : "TOO MUCH"}`);
}
if (isOver) process.exit(1);
