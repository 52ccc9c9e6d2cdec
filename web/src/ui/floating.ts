/** The look that all floating layers share; the only things with a shadow. */
export const FLOATING =
  "rounded-card border border-border bg-raised text-text shadow-lg outline-none transition-opacity duration-100 data-ending-style:opacity-0 data-starting-style:opacity-0";

export const SCRIM =
  "fixed inset-0 z-30 bg-scrim transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0";
