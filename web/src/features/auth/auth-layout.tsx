/** The calm page around everything that strangers see: the product's mark, and one card. */
import { Info, type LucideIcon } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";

import type { Reason } from "./reasons";

interface AuthLayoutProps {
  title: string;
  /** One line under the title. */
  lead?: ReactNode;
  /** Beside the card where there is room, else under it; the card stays where it is when this comes in late. */
  beside?: ReactNode;
  /** Takes the keyboard to the title: for what comes in place of something else. */
  focusTitle?: boolean;
  children: ReactNode;
}

export function AuthLayout({ title, lead, beside, focusTitle = false, children }: AuthLayoutProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · SocialAI Hub`;
    if (focusTitle) heading.current?.focus();
  }, [title, focusTitle]);
  return (
    // Placed from the top, so that nothing moves when a hint or the demo's log-ins come in below.
    <main className="flex h-full justify-center overflow-y-auto p-4 pt-6 md:pt-[9vh] pb-[max(2rem,env(safe-area-inset-bottom))]">
      <div className="relative flex h-fit w-full max-w-[25rem] flex-col gap-5">
        <p className="flex items-center justify-center gap-2.5 text-lg font-semibold">
          <img src="/icon.svg" alt="" width={28} height={28} />
          SocialAI Hub
        </p>
        <div className="flex flex-col gap-5 rounded-card border border-border bg-surface p-5 md:p-7">
          <header>
            <h1 ref={heading} tabIndex={-1} className="text-title font-semibold outline-none">
              {title}
            </h1>
            {lead && <p className="mt-1 text-muted">{lead}</p>}
          </header>
          {children}
        </div>
        {beside && <div className="lg:absolute lg:start-full lg:top-12 lg:ms-5 lg:w-80">{beside}</div>}
      </div>
    </main>
  );
}

/** Why somebody is here, or what just happened. */
export function Notice({ reason }: { reason: Reason | undefined }) {
  if (!reason) return null;
  return (
    <div role="status">
      <Message tone="warn" icon={Info}>
        <p className="font-medium">{reason.title}</p>
        <p>{reason.text}</p>
      </Message>
    </div>
  );
}

interface MessageProps {
  tone: "ok" | "warn";
  icon: LucideIcon;
  children: ReactNode;
}

/** How a step ended. */
export function Message({ tone, icon: Icon, children }: MessageProps) {
  const look = tone === "ok" ? "bg-ok-soft text-ok-text" : "bg-warn-soft text-warn-text";
  return (
    <div className={`flex items-start gap-2.5 rounded-card p-3 ${look}`}>
      <Icon size={16} aria-hidden className="mt-0.5 shrink-0" />
      <div className="min-w-0 wrap-anywhere">{children}</div>
    </div>
  );
}

/** A line with a word in its middle, between two ways of doing the same. */
export function Or({ children = "or" }: { children?: ReactNode }) {
  return (
    <div className="flex items-center gap-3 text-dense text-muted">
      <span aria-hidden className="h-px flex-1 bg-border" />
      {children}
      <span aria-hidden className="h-px flex-1 bg-border" />
    </div>
  );
}
