/** Every attempt of a job with what went wrong, the newest first. */
import { formatNumber } from "@/lib/format";
import { Bdi } from "@/ui/name";
import { DateTime } from "@/ui/time";

interface Props {
  history: readonly unknown[];
  count: number;
}

export function Attempts({ history, count }: Props) {
  const attempts = history.map((one, index) => ({ ...attemptOf(one), nth: count - history.length + index + 1 }));
  return (
    <section aria-label="Attempts" className="flex flex-col gap-2">
      <h3 className="font-semibold">{count === 1 ? "1 attempt" : `${formatNumber(count)} attempts`}</h3>
      {attempts.length === 0 && <p className="text-muted">Nothing is known of them.</p>}
      <ol reversed className="divide-y divide-border rounded-card border border-border empty:hidden">
        {attempts.toReversed().map(({ nth, at, seconds, error }) => (
          <li key={nth} className="px-3 py-2">
            <p className="text-dense text-muted">
              Attempt {formatNumber(nth)}
              {at && (
                <>
                  , <DateTime at={at} />
                </>
              )}
              {seconds !== undefined && `, after ${secondsFormat.format(seconds)}`}
            </p>
            <p className="wrap-anywhere whitespace-pre-wrap">
              <Bdi>{error ?? "Nothing was said"}</Bdi>
            </p>
          </li>
        ))}
      </ol>
    </section>
  );
}

const secondsFormat = new Intl.NumberFormat(undefined, {
  style: "unit",
  unit: "second",
  unitDisplay: "long",
  maximumFractionDigits: 1,
});

/** What an attempt left behind, as far as it is what one expects. */
function attemptOf(value: unknown): { at?: string; seconds?: number; error?: string } {
  if (typeof value !== "object" || value === null) return {};
  const { at, seconds, error } = value as Record<string, unknown>;
  return {
    ...(typeof at === "string" && { at }),
    ...(typeof seconds === "number" && { seconds }),
    ...(typeof error === "string" && error && { error }),
  };
}
