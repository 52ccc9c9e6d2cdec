/** Views of one thing side by side. Where each view has an address of its own, use the links. */
import { useEffect, useRef, type KeyboardEvent, type ReactNode, type RefObject } from "react";
import { NavLink } from "react-router";
import { formatNumber } from "@/lib/format";
import { cx } from "./cx";

const STRIP = "-ms-2 -mb-px flex min-w-0 gap-1 overflow-x-auto [scrollbar-width:none]";
const TAB =
  "relative inline-flex min-h-9 shrink-0 items-center gap-1.5 border-b-2 border-transparent px-2 font-medium text-muted no-underline -outline-offset-2 transition-colors duration-100 hover:text-text aria-selected:border-accent aria-selected:text-text aria-[current=page]:border-accent aria-[current=page]:text-text pointer-coarse:min-h-11";

interface TabsProps {
  value: string;
  onChange: (value: string) => void;
  tabs: readonly { value: string; label: string; count?: number | undefined }[];
  label: string;
  className?: string | undefined;
}

export function Tabs({ value, onChange, tabs, label, className }: TabsProps) {
  const strip = useRef<HTMLDivElement>(null);
  useChosenInSight(strip);
  const move = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab.value === value);
    const steps: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
    const to = steps[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const index = (to + tabs.length) % tabs.length;
    const next = tabs[index];
    if (!next) return;
    onChange(next.value);
    strip.current?.querySelectorAll<HTMLElement>("[role=tab]")[index]?.focus();
  };
  return (
    <div ref={strip} role="tablist" aria-label={label} className={cx(STRIP, className)}>
      {tabs.map((tab) => (
        <button
          key={tab.value}
          type="button"
          role="tab"
          id={tabId(label, tab.value)}
          aria-selected={tab.value === value}
          tabIndex={tab.value === value ? 0 : -1}
          onClick={() => onChange(tab.value)}
          onKeyDown={move}
          className={TAB}
        >
          {tab.label}
          <Count of={tab.count} />
        </button>
      ))}
    </div>
  );
}

function Count({ of }: { of: number | undefined }) {
  if (of === undefined) return null;
  return <span className="rounded-full bg-sunken px-1.5 text-xs text-muted tabular-nums">{formatNumber(of)}</span>;
}

interface TabPanelProps {
  /** The label of the tabs and the value of the tab that it belongs to. */
  of: string;
  value: string;
  className?: string | undefined;
  children: ReactNode;
}

export function TabPanel({ of, value, className, children }: TabPanelProps) {
  return (
    <div role="tabpanel" aria-labelledby={tabId(of, value)} className={cx("min-w-0", className)}>
      {children}
    </div>
  );
}

function tabId(label: string, value: string): string {
  return `tab-${label}-${value}`.replace(/[^\w-]+/g, "-").toLowerCase();
}

interface LinkTabsProps {
  label: string;
  tabs: readonly { to: string; label: string; count?: number | undefined; end?: boolean | undefined }[];
  className?: string | undefined;
}

export function LinkTabs({ label, tabs, className }: LinkTabsProps) {
  const strip = useRef<HTMLElement>(null);
  useChosenInSight(strip);
  return (
    <nav ref={strip} aria-label={label} className={cx(STRIP, className)}>
      {tabs.map((tab) => (
        <NavLink key={tab.to} to={tab.to} end={tab.end ?? false} className={TAB}>
          {tab.label}
          <Count of={tab.count} />
        </NavLink>
      ))}
    </nav>
  );
}

/** On a phone the strip scrolls, and the chosen tab may be out of sight. */
function useChosenInSight(strip: RefObject<HTMLElement | null>): void {
  const last = useRef<Element>(null);
  useEffect(() => {
    const tab = strip.current?.querySelector<HTMLElement>("[aria-selected=true], [aria-current=page]");
    // Only when it is another one: the reader may have scrolled the strip meanwhile.
    if (!strip.current || !tab || tab === last.current) return;
    last.current = tab;
    const { scrollLeft, clientWidth, offsetLeft } = strip.current;
    const left = tab.offsetLeft - offsetLeft;
    if (left >= scrollLeft && left + tab.offsetWidth <= scrollLeft + clientWidth) return;
    strip.current.scrollTo({ left: left - (clientWidth - tab.offsetWidth) / 2 });
  });
}
