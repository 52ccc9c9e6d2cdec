/** Serves the pages while they are being written, in place of those inside the program. The API stays the program's. */
import { join } from "node:path";

import { CHECKOUT } from "./places.ts";
import { freePort } from "./program.ts";

export interface PagesServer {
  url: string;
  close: () => Promise<void>;
}

/** The one policy of the program, so that a page that breaks it fails here too. */
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** `dev`: every change of a source is live at once. `dist`: what `npm run build` made. */
export async function servePages(kind: "dev" | "dist", program: number, folder: string): Promise<PagesServer> {
  const vite = await import("vite");
  const root = join(CHECKOUT, "web");
  const port = await freePort();
  const target = `http://127.0.0.1:${program}`;
  const proxy = Object.fromEntries(
    ["/api", "/docs", "/ready", "/auth", "/v1", "/widget"].map((path) => [path, { target }]),
  );
  const own = { port, host: "localhost", strictPort: true, proxy };
  const url = `http://localhost:${port}`;
  if (kind === "dev") {
    const server = await vite.createServer({
      root,
      logLevel: "warn",
      // Several of these at once do not step on each other's prepared dependencies.
      cacheDir: join(folder, "vite"),
      server: { ...own, hmr: false },
    });
    await server.listen();
    return { url, close: () => server.close() };
  }
  const headers = { "content-security-policy": POLICY };
  const server = await vite.preview({ root, logLevel: "warn", preview: { ...own, headers } });
  return { url, close: () => server.close() };
}
