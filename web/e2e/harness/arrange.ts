/** Makes workspaces and people in a running program, through one process that stays (crates/testkit/src/bin/arrange.rs). */
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

import { PROGRAM } from "./places.ts";
import { ownEnvironment, runningNote, type ProgramFacts } from "./program.ts";

type Order =
  | { make: "workspace"; slug: string; name: string }
  | { make: "person"; workspace: string; email: string; name: string; role: string; password: string }
  | { make: "crowd"; workspace: string; count: number };

interface Made {
  id: string;
}

type Arranger = (order: Order) => Promise<Made>;

/** One for each database that this worker's tests have to do with. It ends with the worker, when its input does. */
const arrangers = new Map<string, Arranger>();

export function arrange(facts: ProgramFacts, order: Order): Promise<Made> {
  const database = `${facts.dataDir} ${runningNote(facts.dataDir).postgres_port}`;
  const known = arrangers.get(database) ?? start(facts.dataDir);
  arrangers.set(database, known);
  return known(order);
}

function start(dataDir: string): Arranger {
  const child = spawn(join(dirname(PROGRAM), "arrange"), [dataDir], {
    env: ownEnvironment(),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const waiting: { give: (made: Made) => void; fail: (error: Error) => void }[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    const answer = JSON.parse(line) as Made | { error: string };
    const first = waiting.shift();
    if ("error" in answer) first?.fail(new Error(answer.error));
    else first?.give(answer);
  });
  const end = (error: Error) => waiting.splice(0).forEach(({ fail }) => fail(error));
  child.on("error", end);
  child.on("exit", (code) => end(new Error(`arrange ended with ${code}; its message is above.`)));
  return (order) =>
    new Promise((give, fail) => {
      waiting.push({ give, fail });
      child.stdin.write(`${JSON.stringify(order)}\n`);
    });
}
