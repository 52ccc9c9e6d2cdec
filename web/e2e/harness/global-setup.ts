/** One program for the whole run, and its certain end. */
import { join } from "node:path";

import { runFolder } from "./places.ts";
import { freePort, Program } from "./program.ts";
import { servePages, type PagesServer } from "./pages-server.ts";

/**
 * Whose pages are tested: those inside the `program`, which is the real thing; or, while writing them, those of a
 * development server (`dev`), or of the last `npm run build` (`dist`).
 */
type Pages = "program" | "dev" | "dist";

export default async function setUp(): Promise<() => Promise<void>> {
  const folder = runFolder();
  const pages = (process.env["SOCIALAI_E2E_PAGES"] ?? "program") as Pages;
  const port = await freePort();
  let served: PagesServer | undefined;
  if (pages !== "program") served = await servePages(pages, port, folder);
  const program = await Program.start({
    dataDir: join(folder, "data"),
    removes: join(folder, "data"),
    port,
    ...(served && { publicUrl: served.url }),
  });
  process.env["SOCIALAI_E2E_PROGRAM"] = JSON.stringify(program.facts);
  return async () => {
    await served?.close();
    await program.stop();
  };
}
