/** The gallery of primitives, built as the pages are and served under the policy of the program. */
import { join } from "node:path";

import { POLICY } from "./pages-server.ts";
import { CHECKOUT } from "./places.ts";
import { freePort } from "./program.ts";

export interface GalleryServer {
  url: string;
  close: () => Promise<void>;
}

export async function serveGallery(folder: string): Promise<GalleryServer> {
  const vite = await import("vite");
  const root = join(CHECKOUT, "web");
  const outDir = join(folder, "pages");
  const common = { root, logLevel: "warn", cacheDir: join(folder, "vite") } as const;
  const input = join(root, "gallery.html");
  await vite.build({
    ...common,
    build: { outDir, emptyOutDir: true, chunkSizeWarningLimit: 2000, rolldownOptions: { input } },
  });
  const port = await freePort();
  const headers = { "content-security-policy": POLICY };
  const preview = { port, host: "localhost", strictPort: true, headers, proxy: {} };
  const server = await vite.preview({ ...common, build: { outDir }, preview });
  return { url: `http://localhost:${port}/gallery.html`, close: () => server.close() };
}
