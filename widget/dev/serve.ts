/** `npm run dev`: a company's page on one origin, the stand-in of the hub on another. `HUB=http://…` takes a real hub. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

import { FakeHub } from "./hub.ts";

const PORT = 5180;
const KEY = process.env["WIDGET"] ?? "wgt_demo";
let address = process.env["HUB"];
if (!address) {
  const hub = new FakeHub();
  hub.isTalkative = true;
  address = await hub.listen(PORT + 1);
}
const html = readFileSync(new URL("../demo.html", import.meta.url), "utf8");
const page = html.replaceAll("{hub}", address).replaceAll("{key}", KEY);
createServer((_, answer) => answer.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page)).listen(
  PORT,
);
console.log(`A company's page: http://localhost:${PORT}, with the widget of ${address}`);
