/** The door to every page that is not for strangers. */
import { lazy, Suspense, useEffect, useState } from "react";
import { Navigate, useLocation } from "react-router";

import { startLive } from "@/lib/live";
import { Unreachable } from "@/lib/problems";
import { queryClient } from "@/lib/query-client";
import { startSession, useSession } from "@/lib/session";
import { Frame, FrameSkeleton } from "@/shell/frame";
import { ErrorState } from "@/ui/problem";

import { settingsSections } from "./settings-sections";
import { sections, systemSections } from "./sections";

const ReauthDialog = lazy(() =>
  import("@/features/auth/reauth-dialog").then((module) => ({ default: module.ReauthDialog })),
);

export function Component() {
  const { status, facts, why, hasLeft } = useSession();
  const { pathname, search } = useLocation();
  if (status === "unreachable") return <NoServer />;
  if (status === "signed_out") {
    const next = !hasLeft && pathname !== "/" && { next: pathname + search };
    return <Navigate to={`/login?${new URLSearchParams({ ...next, ...(why && { error: why }) })}`} replace />;
  }
  if (!facts) return <FrameSkeleton />;
  const who = `${facts.tenant.id}.${facts.user.id}`;
  return (
    <>
      <Live key={`live ${who}`} />
      {/* Another person or workspace gets a frame of its own: nothing of the one before stays on the page. */}
      <Frame key={who} sections={sections} system={systemSections} settings={settingsSections} />
      {status === "expired" && (
        <Suspense>
          <ReauthDialog />
        </Suspense>
      )}
    </>
  );
}

function Live() {
  useEffect(() => {
    const stop = new AbortController();
    startLive(queryClient, stop.signal);
    return () => stop.abort();
  }, []);
  return null;
}

function NoServer() {
  const [error, setError] = useState<unknown>(() => new Unreachable());
  const retry = () => void startSession().catch(setError);
  useEffect(() => {
    addEventListener("online", retry);
    return () => removeEventListener("online", retry);
  });
  return (
    <main className="grid h-full place-items-center p-4">
      <ErrorState error={error} onRetry={retry} />
    </main>
  );
}
