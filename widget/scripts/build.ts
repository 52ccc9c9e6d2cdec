/**
 * Makes dist: `widget.js` for the host page, `frame.html`, `frame.js` and `frame.css` for the frame, each with its brotli
 * and gzip form. The names never change, because websites have them in their pages; the frame's script and styles are
 * asked for with the build's version, so that a browser never puts two builds together.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";

const here = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const dist = here("dist/");

async function script(entry: string, name: string): Promise<void> {
  await build({
    configFile: false,
    root: here("."),
    logLevel: "warn",
    publicDir: false,
    build: {
      target: "es2022",
      outDir: dist,
      emptyOutDir: false,
      modulePreload: false,
      reportCompressedSize: false,
      rolldownOptions: { input: here(entry), output: { format: "iife", entryFileNames: name } },
    },
  });
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
await script("src/loader/widget.ts", "widget.js");
await script("src/frame/main.ts", "frame.js");
await build({
  configFile: false,
  root: here("."),
  logLevel: "warn",
  publicDir: false,
  build: {
    outDir: dist,
    emptyOutDir: false,
    reportCompressedSize: false,
    rolldownOptions: { input: here("src/frame/frame.css"), output: { assetFileNames: "frame.css" } },
  },
});

const version = createHash("sha256");
for (const name of ["frame.js", "frame.css"]) version.update(readFileSync(dist + name));
const html = readFileSync(here("src/frame/frame.html"), "utf8");
writeFileSync(`${dist}frame.html`, html.replaceAll("{version}", version.digest("hex").slice(0, 12)));

for (const name of ["widget.js", "frame.html", "frame.js", "frame.css"]) {
  const content = readFileSync(dist + name);
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  writeFileSync(`${dist}${name}.br`, brotliCompressSync(content, quality));
  writeFileSync(`${dist}${name}.gz`, gzipSync(content, { level: 9 }));
}
