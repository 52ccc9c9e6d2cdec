/** A panel that comes in from an edge and leaves the page where it is. */
import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton } from "./button";
import { cx } from "./cx";
import { SCRIM } from "./floating";

interface SheetProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  side?: "right" | "bottom" | undefined;
  className?: string | undefined;
  children: ReactNode;
}

const SIDES = {
  right:
    "inset-y-0 end-0 w-full border-s md:w-[28rem] data-ending-style:translate-x-4 data-starting-style:translate-x-4 rtl:data-ending-style:-translate-x-4",
  bottom:
    "inset-x-0 bottom-0 max-h-[85dvh] rounded-t-card border-t data-ending-style:translate-y-4 data-starting-style:translate-y-4",
};

export function Sheet({ open, onOpenChange, title, side = "right", className, children }: SheetProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => onOpenChange(next)}>
      <Base.Portal>
        <Base.Backdrop className={SCRIM} />
        <Base.Popup
          className={cx(
            "fixed z-30 flex flex-col border-border bg-raised text-text shadow-lg outline-none transition-[opacity,translate] duration-150",
            "data-ending-style:opacity-0 data-starting-style:opacity-0",
            SIDES[side],
            className,
          )}
        >
          <header className="flex items-center gap-2 border-b border-border px-4 py-2">
            <Base.Title className="min-w-0 flex-1 truncate text-lg font-semibold">{title}</Base.Title>
            <Base.Close render={<IconButton label="Close" icon={X} className="-me-1" />} />
          </header>
          <div
            data-scroll-region
            className="min-h-0 flex-1 overflow-y-auto p-4 pb-[max(1rem,env(safe-area-inset-bottom))]"
          >
            {children}
          </div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
