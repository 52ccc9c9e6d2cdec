/** The last words of a run; and its folder goes unless there is something to look at. */
import type { FullResult, Reporter } from "@playwright/test/reporter";
import { rmSync } from "node:fs";

import { axeSummary } from "./accessible.ts";
import { runFolder } from "./places.ts";

export default class Summary implements Reporter {
  #status: FullResult["status"] = "passed";

  onEnd({ status }: FullResult): void {
    this.#status = status;
    const axe = axeSummary();
    if (axe) console.log(axe);
  }

  async onExit(): Promise<void> {
    if (this.#status === "passed") rmSync(runFolder(), { recursive: true, force: true });
    else console.log(`The program's log and pictures of failures: ${runFolder()}`);
  }
}
