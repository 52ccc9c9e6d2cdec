/** A small floating panel with a form or some facts in it. */
import { Popover as Base } from "@base-ui/react/popover";
import type { ReactElement, ReactNode } from "react";
import { cx } from "./cx";
import { FLOATING } from "./floating";

interface PopoverProps {
  trigger: ReactElement;
  title?: string | undefined;
  open?: boolean | undefined;
  onOpenChange?: ((open: boolean) => void) | undefined;
  align?: "start" | "center" | "end" | undefined;
  className?: string | undefined;
  children: ReactNode;
}

export function Popover({ trigger, title, open, onOpenChange, align = "start", className, children }: PopoverProps) {
  return (
    <Base.Root {...(open !== undefined && { open })} onOpenChange={(next) => onOpenChange?.(next)}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner align={align} sideOffset={4} collisionPadding={8} className="z-40">
          <Base.Popup
            className={cx(
              FLOATING,
              "flex max-h-(--available-height) w-80 max-w-(--available-width) flex-col gap-3 overflow-y-auto p-3",
              className,
            )}
          >
            {title && <Base.Title className="font-semibold">{title}</Base.Title>}
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
