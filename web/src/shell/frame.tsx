/** The frame around every page of a signed-in person: rail, banners, page; on a phone a bar at the bottom. */
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { Outlet, useLocation, useNavigate, useNavigation } from "react-router";

import { useShortcuts } from "@/lib/shortcuts";
import { Delayed, Skeleton } from "@/ui/skeleton";

import { ConnectionBanner } from "./banners";
import { BottomBar } from "./bottom-bar";
import { Rail } from "./rail";
import { type SectionGroup, useAllowed } from "./sections";
import { useIsWide } from "./use-is-wide";

const loadPalette = () => import("./palette").then((module) => ({ default: module.Palette }));
const Palette = lazy(loadPalette);
const PALETTE_AFTER_MS = 1500;
const Shortcuts = lazy(() => import("./shortcuts").then((module) => ({ default: module.Shortcuts })));

const itemsOf = (groups: SectionGroup[]) => groups.flatMap(({ items }) => items);

interface Props {
  sections: SectionGroup[];
  /** Pages that are reached from a page of `sections`. */
  system: SectionGroup[];
  settings: SectionGroup[];
}

export function Frame({ sections, system, settings }: Props) {
  const [overlay, setOverlay] = useState<"palette" | "shortcuts" | undefined>();
  const main = useRef<HTMLElement>(null);
  const isWide = useIsWide();
  const allowed = useAllowed(sections);
  const places = {
    "Go to": itemsOf(allowed),
    System: itemsOf(useAllowed(system)),
    Settings: itemsOf(useAllowed(settings)),
  };
  const navigate = useNavigate();

  // When the page has settled: whoever presses Ctrl-K types on at once.
  useEffect(() => {
    const due = setTimeout(() => void loadPalette(), PALETTE_AFTER_MS);
    return () => clearTimeout(due);
  }, []);
  useShortcuts("Everywhere", [
    { keys: "mod+k", does: "Search and commands", run: () => setOverlay("palette") },
    { keys: "?", does: "These shortcuts", run: () => setOverlay("shortcuts") },
  ]);
  useShortcuts(
    "Go to",
    Object.values(places)
      .flat()
      .flatMap(({ keys, label, to }) => (keys ? [{ keys, does: label, run: () => void navigate(to) }] : [])),
  );

  const open = { palette: () => setOverlay("palette"), shortcuts: () => setOverlay("shortcuts") };
  const change = (isOpen: boolean) => !isOpen && setOverlay(undefined);
  return (
    <div className="flex h-full flex-col">
      {/* A button, not a link: the address of the page stays as it is. */}
      <button
        type="button"
        onClick={() => main.current?.focus()}
        className="sr-only z-50 focus:not-sr-only focus:fixed focus:start-3 focus:top-3 focus:rounded-control focus:bg-raised focus:px-3 focus:py-2"
      >
        Skip to the page
      </button>
      <ConnectionBanner />
      <div className="flex min-h-0 flex-1">
        {isWide && <Rail groups={allowed} onOpen={open} />}
        <main ref={main} tabIndex={-1} className="relative min-w-0 flex-1 bg-surface outline-none">
          <Loading />
          <Outlet />
        </main>
      </div>
      {!isWide && <BottomBar groups={allowed} onOpen={open} />}
      <Suspense>
        {overlay === "palette" && <Palette onOpenChange={change} places={places} onShortcuts={open.shortcuts} />}
        {overlay === "shortcuts" && <Shortcuts onOpenChange={change} />}
      </Suspense>
      <Announcer />
    </div>
  );
}

/** A line at the top while the next page's code is on its way; the page before stays until then. */
function Loading() {
  const isLoading = useNavigation().state !== "idle";
  if (!isLoading) return null;
  return (
    <Delayed>
      <div
        role="progressbar"
        aria-label="Loading the page"
        className="absolute inset-x-0 top-0 z-10 h-0.5 animate-pulse bg-accent"
      />
    </Delayed>
  );
}

/** Tells screen readers which page came, as a browser does when it loads one. */
function Announcer() {
  const { pathname } = useLocation();
  const region = useRef<HTMLDivElement>(null);
  const announced = useRef(pathname);
  useEffect(() => {
    if (announced.current === pathname) return undefined;
    announced.current = pathname;
    // The page sets its title in an effect of its own, which has run by the next frame.
    const frame = requestAnimationFrame(() => region.current?.replaceChildren(document.title));
    return () => cancelAnimationFrame(frame);
  }, [pathname]);
  return <div ref={region} role="status" className="sr-only" />;
}

/** The frame's measures, while it is not known yet who is signed in. */
export function FrameSkeleton() {
  return (
    <Delayed>
      <div className="flex h-full" aria-busy="true" aria-label="Loading">
        <div className="hidden w-55 shrink-0 flex-col gap-3 border-e border-border p-3 md:flex">
          <Skeleton className="h-8" />
          <Skeleton className="h-6 w-3/4" />
          <Skeleton className="h-6 w-2/3" />
        </div>
        <div className="flex-1 space-y-4 bg-surface p-6">
          <Skeleton className="h-7 w-48" />
          <Skeleton className="h-40" />
        </div>
      </div>
    </Delayed>
  );
}
