/** Every request of a delivery, the newest first. */
import { CircleAlert, CircleCheck } from "lucide-react";

import { formatNumber } from "@/lib/format";
import { CodeBlock } from "@/ui/code";
import { Section } from "@/ui/page";
import { DateTime } from "@/ui/time";

import type { Attempt } from "./queries";

export function Attempts({ attempts }: { attempts: Attempt[] }) {
  const newestFirst = attempts.toReversed();
  return (
    <Section title="Attempts">
      {attempts.length === 0 && <p className="text-muted">There was none yet.</p>}
      <ol aria-label="Attempts" className="flex flex-col gap-3">
        {newestFirst.map((attempt, index) => (
          <li key={attempt.number}>
            <OneAttempt attempt={attempt} isNewest={index === 0} />
          </li>
        ))}
      </ol>
    </Section>
  );
}

function OneAttempt({ attempt, isNewest }: { attempt: Attempt; isNewest: boolean }) {
  const { number, at, status, error, latency_ms: latency } = attempt;
  const Icon = error ? CircleAlert : CircleCheck;
  return (
    <details open={isNewest} className="min-w-0 rounded-card border border-border">
      <summary className="min-h-9 cursor-pointer rounded-card px-3 py-2 -outline-offset-2 hover:bg-hover pointer-coarse:min-h-11">
        <span className="inline-flex max-w-[90%] flex-wrap items-center gap-x-2 align-middle">
          <Icon size={14} aria-hidden className={error ? "text-danger-text" : "text-ok-text"} />
          <span className="font-medium">Attempt {formatNumber(number)}</span>
          <span>{status ? `status ${status}` : "no answer"}</span>
          <span className="text-muted tabular-nums">{formatNumber(latency)} ms</span>
          <DateTime at={at} className="text-dense text-muted" />
        </span>
      </summary>
      <div className="flex flex-col gap-3 border-t border-border p-3">
        {error && <p className="wrap-anywhere text-danger-text">{error}</p>}
        <CodeBlock text={`POST ${attempt.url}\n${linesOf(attempt.request_headers)}`} label="Request" copy wrap />
        {status ? (
          <CodeBlock
            text={[`Status ${status}`, linesOf(attempt.response_headers), "", attempt.response_body].join("\n").trim()}
            label={attempt.response_body ? "Answer, with the beginning of its body" : "Answer, without a body"}
            copy
            wrap
          />
        ) : (
          <p className="text-muted">There was no answer.</p>
        )}
      </div>
    </details>
  );
}

const linesOf = (headers: Record<string, string> | null | undefined): string =>
  Object.entries(headers ?? {})
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
