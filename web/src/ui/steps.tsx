/** First steps that tick themselves when they are done. */
import { Check } from "lucide-react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { cx } from "./cx";

interface Step {
  id: string;
  title: string;
  text: ReactNode;
  done: boolean;
  action?: ReactNode;
}

interface ChecklistProps {
  items: readonly Step[];
  label?: string | undefined;
  className?: string | undefined;
}

export function Checklist({ items, label = "First steps", className }: ChecklistProps) {
  const done = items.filter((item) => item.done).length;
  const said = useTicked(items);
  return (
    <div className={cx("flex flex-col gap-3", className)}>
      <div className="flex items-center gap-3">
        <div aria-hidden className="h-1.5 flex-1 overflow-hidden rounded-full bg-sunken">
          <div
            className="h-full origin-left rounded-full bg-accent transition-transform duration-150"
            style={{ transform: `scaleX(${items.length === 0 ? 0 : done / items.length})` }}
          />
        </div>
        <p className="text-dense text-muted tabular-nums">
          {done} of {items.length}
        </p>
      </div>
      <ol aria-label={label} className="divide-y divide-border rounded-card border border-border bg-surface">
        {items.map((item, index) => (
          <Row key={item.id} step={item} number={index + 1} />
        ))}
      </ol>
      <p role="status" className="sr-only">
        {said}
      </p>
    </div>
  );
}

function Row({ step, number }: { step: Step; number: number }) {
  return (
    <li className="flex flex-wrap items-start gap-3 p-4">
      <span
        className={cx(
          "grid size-6 shrink-0 place-items-center rounded-full border text-dense tabular-nums",
          step.done ? "border-transparent bg-ok-soft text-ok-text" : "border-control text-muted",
        )}
      >
        {step.done ? <Check size={14} aria-hidden /> : <span aria-hidden>{number}</span>}
        <span className="sr-only">{step.done ? "Done" : "To do"}</span>
      </span>
      <div className="min-w-0 flex-1 basis-56">
        <h3 className={cx("font-medium", step.done && "text-muted")}>{step.title}</h3>
        <p className="text-muted">{step.text}</p>
      </div>
      {step.action && !step.done && <div className="ps-9 md:ps-0">{step.action}</div>}
    </li>
  );
}

/** What has been ticked since the list was first shown, as a sentence for screen readers. */
function useTicked(items: readonly Step[]): string {
  const known = useRef<Set<string>>(undefined);
  const [said, setSaid] = useState("");
  useEffect(() => {
    const done = items.filter((item) => item.done);
    const fresh = known.current ? done.filter((item) => !known.current?.has(item.id)) : [];
    known.current = new Set(done.map((item) => item.id));
    if (fresh.length > 0) setSaid(fresh.map((item) => `Done: ${item.title}.`).join(" "));
  }, [items]);
  return said;
}
