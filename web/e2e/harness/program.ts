/** Starts the real program on a database of its own, and ends it for certain. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { appendFileSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { CHECKOUT, PROGRAM } from "./places.ts";

const run = promisify(execFile);

/** Everything that another process needs to talk to a running program. */
export interface ProgramFacts {
  /** As people write it; passkeys belong to this origin. */
  url: string;
  port: number;
  dataDir: string;
  /** The file with what it says. */
  log: string;
}

export interface ProgramOptions {
  kind?: "demo" | "serve";
  /** An existing folder: the program goes on with what is in it. */
  dataDir: string;
  /** Remove the folder when the program has ended. */
  removes?: string;
  port?: number;
  /** Where the pages come from when not from the program itself. */
  publicUrl?: string;
  settings?: Record<string, string>;
}

/**
 * Keeps watch from a process group of its own. Its standard input closes when this process ends, whatever ends it; then
 * the program is stopped in order, and killed if it does not obey.
 */
const WATCHMAN = `
removes=$1; shift
"$@" </dev/null &
program=$!
cat >/dev/null
kill -TERM "$program" 2>/dev/null
rounds=0
while kill -0 "$program" 2>/dev/null && [ "$rounds" -lt 150 ]; do sleep 0.1; rounds=$((rounds + 1)); done
kill -KILL "$program" 2>/dev/null
[ -z "$removes" ] || rm -rf "$removes"
`;

export const PASSWORD = "correct horse battery staple";

export class Program {
  readonly facts: ProgramFacts;
  readonly #watchman: ChildProcess;

  private constructor(facts: ProgramFacts, watchman: ChildProcess) {
    this.facts = facts;
    this.#watchman = watchman;
  }

  static async start(options: ProgramOptions): Promise<Program> {
    const port = options.port ?? (await freePort());
    const url = options.publicUrl ?? `http://localhost:${port}`;
    const log = join(process.env["SOCIALAI_E2E_LOGS"] ?? dirname(options.dataDir), `browser-server-${port}.log`);
    const output = openSync(log, "a");
    const command = [PROGRAM, options.kind ?? "demo", "--listen", `127.0.0.1:${port}`, "--data-dir", options.dataDir];
    const watchman = spawn("/bin/sh", ["-c", WATCHMAN, "sh", options.removes ?? "", ...command], {
      cwd: CHECKOUT,
      detached: true,
      stdio: ["pipe", output, output],
      env: { ...ownEnvironment(), SOCIALAI_PUBLIC_URL: url, ...options.settings },
    });
    const program = new Program({ url, port, dataDir: options.dataDir, log }, watchman);
    await program.#ready();
    return program;
  }

  async #ready(): Promise<void> {
    const until = Date.now() + 60_000;
    const address = `http://127.0.0.1:${this.facts.port}/ready`;
    for (;;) {
      const answer = await fetch(address).catch(() => undefined);
      if (answer?.ok) return;
      if (Date.now() > until) {
        await this.stop();
        throw new Error(`The program does not become ready:\n${readFileSync(this.facts.log, "utf8")}`);
      }
      await pause(50);
    }
  }

  /** In order, and waits for its end. */
  async stop(): Promise<void> {
    const ended = this.#ended();
    this.#watchman.stdin?.end();
    await ended;
  }

  /** Dies at once, as on a power cut; what it was writing is not finished. */
  async kill(): Promise<void> {
    const note = runningNote(this.facts.dataDir);
    process.kill(note.pid, "SIGKILL");
    await this.stop();
  }

  #ended(): Promise<void> {
    if (this.#watchman.exitCode !== null) return Promise.resolve();
    return new Promise((resolve) => void this.#watchman.once("exit", () => resolve()));
  }
}

/** Without the settings of whoever runs the tests. */
export function ownEnvironment(): Record<string, string> {
  const kept = ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"].map((name) => [name, process.env[name] ?? ""] as const);
  return {
    ...Object.fromEntries(kept.filter(([, value]) => value !== "")),
    SOCIALAI_DEMO_PASSWORD: PASSWORD,
    SOCIALAI_RATE_LIMIT_FACTOR: "10000",
    // Each test has a network address of its own, so that one test's wrong passwords slow down no other.
    SOCIALAI_TRUSTED_PROXIES: "1",
  };
}

interface RunningNote {
  pid: number;
  postgres_port: number;
}

export const runningNote = (dataDir: string): RunningNote =>
  JSON.parse(readFileSync(join(dataDir, "running.json"), "utf8")) as RunningNote;

/** A command of the program beside the running server; its answer as JSON. */
export async function cli<T>(facts: ProgramFacts, args: string[], input = ""): Promise<T> {
  const child = run(PROGRAM, [...args, "--json", "--data-dir", facts.dataDir], {
    env: ownEnvironment(),
  });
  child.child.stdin?.end(input);
  const { stdout } = await child;
  return JSON.parse(stdout) as T;
}

/** SQL as the owner of the database, past the program: for arranging what no request could. Answers without decoration. */
export async function sql(facts: ProgramFacts, statement: string): Promise<string> {
  const { postgres_port: port } = runningNote(facts.dataDir);
  const password = readFileSync(join(facts.dataDir, "secrets", "owner.password"), "utf8").trim();
  const url = `postgres://socialai_owner@127.0.0.1:${port}/socialai`;
  const options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--dbname", url];
  const child = run("psql", options, { env: { ...ownEnvironment(), PGPASSWORD: password } });
  child.child.stdin?.end(statement);
  return (await child).stdout.trim();
}

/** Tells the check of the run's logs about a secret that must be in none of them (see scripts/check-secrets.sh). */
export function noteSecrets(...secrets: (string | null | undefined)[]): void {
  const file = process.env["SOCIALAI_TEST_SECRETS_FILE"];
  if (file) appendFileSync(file, secrets.map((secret) => (secret ? `${secret}\n` : "")).join(""));
}

/** Free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));
