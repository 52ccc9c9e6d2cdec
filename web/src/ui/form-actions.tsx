/** The buttons of a form in a dialog: always in sight below what scrolls. */
import type { ReactNode } from "react";
import { cx } from "./cx";

export function FormActions({ className, children }: { className?: string | undefined; children: ReactNode }) {
  return (
    <div
      className={cx(
        "sticky -bottom-4 z-10 -mx-4 mt-auto -mb-4 flex flex-wrap items-center justify-end gap-2 border-t border-border rounded-b-card bg-raised px-4 py-3 pb-[max(0.75rem,env(safe-area-inset-bottom))]",
        className,
      )}
    >
      {children}
    </div>
  );
}
