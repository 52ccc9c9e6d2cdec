/** What the primitives need around them; stands once, around the whole app. */
import { CSPProvider } from "@base-ui/react/csp-provider";
import type { ReactNode } from "react";
import { Toaster } from "./toast";
import { TooltipLayer } from "./tooltip";

export function UiProvider({ children }: { children: ReactNode }) {
  return (
    // The content security policy allows no style elements but our own stylesheet.
    <CSPProvider disableStyleElements>
      {children}
      <Toaster />
      <TooltipLayer />
    </CSPProvider>
  );
}
