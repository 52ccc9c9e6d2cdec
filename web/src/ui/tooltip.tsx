/** A word or two about a control, on hover and on keyboard focus. Never the only place where something is said. */
import { Tooltip as Base } from "@base-ui/react/tooltip";
import type { ReactElement, ReactNode } from "react";

// One tooltip for the whole page: a trigger costs next to nothing, so that each cell of a table can have one.
const shared = Base.createHandle<ReactNode>();

interface TooltipProps {
  text: ReactNode;
  children: ReactElement;
  /** Lets the keyboard reach an element that is not a control. */
  focusable?: boolean | undefined;
}

export function Tooltip({ text, children, focusable }: TooltipProps) {
  return <Base.Trigger handle={shared} payload={text} render={children} {...(focusable && { tabIndex: 0 })} />;
}

/** Draws the tooltips of everything inside it; stands once in `UiProvider`. */
export function TooltipProvider({ children }: { children: ReactNode }) {
  return (
    <Base.Provider delay={500} closeDelay={0}>
      {children}
      <Base.Root handle={shared}>
        {({ payload }) => (
          <Base.Portal>
            <Base.Positioner sideOffset={6} collisionPadding={8} className="z-50">
              <Base.Popup className="max-w-72 rounded-control border border-border bg-raised px-2 py-1 text-xs text-text shadow-md transition-opacity duration-100 data-ending-style:opacity-0 data-starting-style:opacity-0">
                {payload}
              </Base.Popup>
            </Base.Positioner>
          </Base.Portal>
        )}
      </Base.Root>
    </Base.Provider>
  );
}
