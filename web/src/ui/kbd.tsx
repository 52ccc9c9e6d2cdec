/** A key, as it is written on the reader's keyboard. */
import { isMac } from "@/lib/shortcuts";
import { cx } from "./cx";

const NAMES: Record<string, string> = {
  mod: isMac ? "⌘" : "Ctrl",
  shift: isMac ? "⇧" : "Shift",
  alt: isMac ? "⌥" : "Alt",
  Enter: isMac ? "⏎" : "Enter",
  Escape: "Esc",
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
};

/** One key or one chord ("mod+k"). */
export function Kbd({ children, className }: { children: string; className?: string | undefined }) {
  // A lone plus is the plus key.
  const keys = children === "+" ? ["+"] : children.split("+");
  return (
    <kbd className={cx("inline-flex items-center gap-0.5 font-sans", className)}>
      {keys.map((key) => (
        <span
          key={key}
          className="inline-grid min-w-5 place-items-center rounded-sm border border-border bg-sunken px-1 text-xs text-muted"
        >
          {NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key)}
        </span>
      ))}
    </kbd>
  );
}
