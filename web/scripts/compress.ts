/** Puts a brotli and a gzip form beside every text file of dist, so that the server never compresses while it answers. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);
const text = /\.(js|css|html|svg|json|webmanifest)$/;

for (const name of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
  if (!text.test(name)) continue;
  const file = new URL(name, dist);
  const content = readFileSync(file);
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  writeFileSync(`${file.pathname}.br`, brotliCompressSync(content, quality));
  writeFileSync(`${file.pathname}.gz`, gzipSync(content, { level: 9 }));
}
