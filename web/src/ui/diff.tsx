/** What a change did, field by field, in words and signs and not by colour alone. */
import { useMemo } from "react";
import { cx } from "./cx";
import { difference, type Change } from "./diff-rules";

interface DifferenceProps {
  before: unknown;
  after: unknown;
  className?: string | undefined;
}

const WORDS: Record<Change["kind"], string> = { added: "Added", removed: "Removed", changed: "Changed" };

export function Difference({ before, after, className }: DifferenceProps) {
  const changes = useMemo(() => difference(before, after), [before, after]);
  if (changes.length === 0) return <p className="text-muted">Nothing changed.</p>;
  return (
    <dl className={cx("divide-y divide-border rounded-card border border-border", className)}>
      {changes.map((change) => (
        <div key={change.path} className="flex flex-col gap-1.5 p-3">
          <dt className="flex flex-wrap items-baseline gap-x-2">
            <span className="font-mono text-dense font-medium wrap-anywhere">{change.path || "value"}</span>
            <span className="text-dense text-muted">{WORDS[change.kind]}</span>
          </dt>
          <dd className="flex min-w-0 flex-col gap-1">
            <Lines lines={change.before} sign="−" word="Before" look="bg-danger-soft text-danger-text" />
            <Lines lines={change.after} sign="+" word="After" look="bg-ok-soft text-ok-text" />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Lines({ lines, sign, word, look }: { lines: string[]; sign: string; word: string; look: string }) {
  return lines
    .map((line, at) => ({ line, key: `${at} ${line}` }))
    .map(({ line, key }) => (
      <div key={key} className={cx("flex min-w-0 gap-2 rounded-control px-2 py-0.5 font-mono text-dense", look)}>
        <span aria-hidden className="select-none">
          {sign}
        </span>
        <span className="sr-only">{word}: </span>
        <span dir="auto" className="min-w-0 flex-1 wrap-anywhere whitespace-pre-wrap">
          {line}
        </span>
      </div>
    ));
}
