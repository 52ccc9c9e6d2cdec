/** Three themes to choose from, each drawn small. */
import { useId } from "react";

import type { Theme } from "@/lib/appearance";
import { cx } from "@/ui/cx";

const THEMES: { value: Theme; label: string; scheme: string }[] = [
  { value: "system", label: "As the system", scheme: "" },
  { value: "light", label: "Light", scheme: "scheme-light" },
  { value: "dark", label: "Dark", scheme: "scheme-dark" },
];

export function ThemeChoice({ value, onChange }: { value: Theme; onChange: (theme: Theme) => void }) {
  const name = useId();
  return (
    <fieldset className="grid grid-cols-2 gap-3 md:grid-cols-3">
      <legend className="sr-only">Theme</legend>
      {THEMES.map((theme) => (
        <label
          key={theme.value}
          className={cx(
            "flex cursor-pointer flex-col gap-2 rounded-card border border-border p-2 hover:bg-hover",
            "has-checked:border-accent has-checked:bg-selected has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-focus",
          )}
        >
          {theme.value === "system" ? (
            <span aria-hidden className="relative block">
              <Preview scheme="scheme-light" />
              <Preview scheme="scheme-dark" className="absolute inset-0 [clip-path:polygon(100%_0,100%_100%,0_100%)]" />
            </span>
          ) : (
            <Preview scheme={theme.scheme} />
          )}
          <span className="flex min-h-6 items-center gap-2 px-1">
            <input
              type="radio"
              name={name}
              checked={theme.value === value}
              onChange={() => onChange(theme.value)}
              className="size-4 shrink-0 accent-accent outline-none"
            />
            {theme.label}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** The frame in small: rail, list, page. Its colours are the real ones of the scheme. */
function Preview({ scheme, className }: { scheme: string; className?: string }) {
  return (
    <span
      aria-hidden
      className={cx("flex h-24 overflow-hidden rounded-control border border-border bg-canvas", scheme, className)}
    >
      <span className="flex w-1/4 flex-col gap-1.5 border-e border-border p-2">
        <span className="h-1.5 rounded-full bg-accent" />
        <span className="h-1.5 rounded-full bg-control" />
        <span className="h-1.5 rounded-full bg-control" />
      </span>
      <span className="flex flex-1 flex-col gap-1.5 bg-surface p-2">
        <span className="h-2 w-1/2 rounded-full bg-text" />
        <span className="h-1.5 rounded-full bg-border" />
        <span className="h-1.5 w-4/5 rounded-full bg-border" />
        <span className="mt-auto h-3 w-1/3 self-end rounded-control bg-accent" />
      </span>
    </span>
  );
}
