/**
 * First load of a page: the JavaScript that the browser needs before the page works, compressed as it is sent. Counted are
 * the entry with all that it imports, and the same for the chunks of the page's route. Fails above the budget.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";

const BUDGET_KB = 200;
/** The chunks that the router loads for an address besides the entry. */
const PAGES: Record<string, string[]> = {
  "/login": ["src/features/auth/login-page.tsx"],
  "/": ["src/routes/signed-in.tsx", "src/features/home/home-page.tsx"],
};

interface Chunk {
  file: string;
  imports?: string[];
}

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8")) as Record<string, Chunk>;

function reach(name: string, files: Set<string>): void {
  const chunk = manifest[name];
  if (!chunk) throw new Error(`${name} is not in the build; has the page been renamed? See PAGES in budget.ts.`);
  if (files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const imported of chunk.imports ?? []) reach(imported, files);
}

const kb = (bytes: number) => bytes / 1000;
const sent = (file: string) => kb(statSync(new URL(`${file}.br`, dist)).size);

let isOver = false;
const first = new Set<string>();
for (const [page, chunks] of Object.entries(PAGES)) {
  const files = new Set(["theme.js"]);
  for (const name of ["index.html", ...chunks]) reach(name, files);
  const total = [...files].reduce((sum, file) => sum + sent(file), 0);
  for (const file of files) first.add(file);
  isOver ||= total > BUDGET_KB;
  const verdict = total > BUDGET_KB ? "TOO MUCH" : "ok";
  console.log(
    `first load of ${page.padEnd(7)} ${total.toFixed(1).padStart(6)} kB of ${BUDGET_KB} in ${files.size} files  ${verdict}`,
  );
}

const lazy = readdirSync(new URL("assets/", dist))
  .filter((name) => name.endsWith(".js") && !first.has(`assets/${name}`))
  .map((name) => ({ name, size: sent(`assets/${name}`) }))
  .toSorted((one, other) => other.size - one.size);
const [largest] = lazy;
if (largest)
  console.log(`largest part loaded later: ${largest.name} ${largest.size.toFixed(1)} kB (${lazy.length} parts)`);
if (isOver) {
  const heaviest = [...first].toSorted((one, other) => sent(other) - sent(one)).slice(0, 5);
  for (const file of heaviest) console.error(`  ${file} ${sent(file).toFixed(1)} kB`);
  process.exit(1);
}
