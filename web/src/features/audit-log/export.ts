/**
 * Downloading the log. The server sends it as one stream, oldest first; when the stream breaks off, the next request goes
 * on after the last whole line that arrived.
 */
import { runActivity, type Download } from "@/lib/activity";
import { api, call } from "@/lib/api";
import { serverNow } from "@/lib/clock";
import { formatNumber } from "@/lib/format";
import { ProblemError, Unreachable } from "@/lib/problems";

import { dayOf, queryOf, type Filter } from "./filter";

export type Format = "csv" | "jsonl";

const TYPES: Record<Format, string> = { csv: "text/csv", jsonl: "application/jsonl" };
/** How often in a row a broken stream is taken up again without anything new arriving. */
const TRIES = 4;
const PAUSE_MS = 1000;

/** The file, or nothing when it failed or was cancelled; why is in the activity menu. */
export async function exportLog(
  format: Format,
  filter: Filter,
  newest: number | undefined,
  workspace: string,
): Promise<Download | undefined> {
  const result = await runActivity(
    `Export the audit log as ${format === "csv" ? "CSV" : "JSON lines"}`,
    async (report, signal) => {
      const lines = new Lines(format);
      const tell = () =>
        report(`${formatNumber(lines.count)} entries`, newest ? Math.min(1, lines.lastSeq / newest) : undefined);
      tell();
      for (let failures = 0; ;) {
        const before = lines.count;
        try {
          const query = { ...queryOf(filter), format, after_seq: lines.lastSeq };
          const stream = await call(api.GET("/audit-log/export", { params: { query }, parseAs: "stream", signal }));
          await readAll(stream, (text) => {
            lines.take(text);
            tell();
          });
          break;
        } catch (error) {
          if (signal.aborted || error instanceof ProblemError) throw error;
          lines.dropRest();
          failures = lines.count > before ? 1 : failures + 1;
          if (failures >= TRIES) throw new Unreachable();
          await pause(failures * PAUSE_MS, signal);
        }
      }
      const name = `audit-log-${workspace}-${dayOf(serverNow())}.${format}`;
      return { done: `${formatNumber(lines.count)} entries.`, download: { name, blob: lines.toBlob() } };
    },
  );
  return result?.download;
}

/** A cancelled export does not wait. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

async function readAll(stream: ReadableStream<Uint8Array> | null, take: (text: string) => void): Promise<void> {
  const reader = stream?.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) return;
    take(value);
  }
}

/** The whole lines that arrived, and where the last of them stands in the chain. No field holds a line break. */
export class Lines {
  count = 0;
  lastSeq = 0;
  readonly #format: Format;
  readonly #kept: string[] = [];
  #rest = "";
  #head = "";

  constructor(format: Format) {
    this.#format = format;
  }

  take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    const entries = lines.filter((line) => line !== "" && !this.#isHead(line));
    const last = entries.at(-1);
    if (last === undefined) return;
    this.#kept.push(`${entries.join("\n")}\n`);
    this.count += entries.length;
    this.lastSeq = Number(/^(?:\{"seq":|")(\d+)/.exec(last)?.[1] ?? this.lastSeq);
  }

  /** What came after the last line break will be sent again. */
  dropRest(): void {
    this.#rest = "";
  }

  toBlob(): Blob {
    return new Blob([this.#head, ...this.#kept], { type: TYPES[this.#format] });
  }

  /** Each answer begins with the names of the columns; the file does so once. */
  #isHead(line: string): boolean {
    if (this.#format !== "csv" || !line.startsWith("seq,")) return false;
    this.#head = `${line}\n`;
    return true;
  }
}
