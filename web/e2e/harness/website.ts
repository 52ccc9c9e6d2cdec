/** The website of a company, of another origin than the program. It allows what the guide tells to allow, and nothing else. */
import { createServer } from "node:http";

export interface Website {
  origin: string;
  /** Puts this into all of its pages. */
  put: (line: string) => void;
  close: () => Promise<void>;
}

export async function startWebsite(hub: string): Promise<Website> {
  let line = "";
  const policy = `default-src 'none'; script-src ${hub}; frame-src ${hub}`;
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/" ? 200 : 404, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
    });
    response.end(`<!doctype html><html lang="en"><title>Harbour & Sons</title><h1>Tents and boats</h1>${line}</html>`);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    put: (next) => (line = next),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
