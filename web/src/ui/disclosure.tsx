/** Part of a form that few need: closed until somebody asks for it, or until something in it is wrong. */
import { useState, type ReactNode } from "react";

interface DisclosureProps {
  title: string;
  mustOpen?: boolean | undefined;
  children: ReactNode;
}

export function Disclosure({ title, mustOpen = false, children }: DisclosureProps) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details
      open={isOpen || mustOpen}
      onToggle={(event) => setIsOpen(event.currentTarget.open)}
      className="min-w-0 rounded-card border border-border"
    >
      <summary className="cursor-pointer rounded-card px-3 py-2 font-medium pointer-coarse:py-3">{title}</summary>
      <div className="flex flex-col gap-4 border-t border-border p-3">{children}</div>
    </details>
  );
}
