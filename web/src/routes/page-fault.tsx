/** A page that could not be drawn or loaded. */
import { useRouteError } from "react-router";

import { takeUpdate, useUpdate } from "@/lib/updates";
import { Button } from "@/ui/button";
import { ErrorState } from "@/ui/problem";

export function PageFault() {
  const error = useRouteError();
  // Its code is gone from the server: only a newer page can go on.
  const isOutdated = useUpdate(({ isOffered }) => isOffered);
  return (
    <main className="grid h-full place-items-center p-4">
      {isOutdated ? (
        <div className="flex max-w-sm flex-col items-center gap-3 text-center">
          <h1 className="text-lg font-semibold">A new version is ready</h1>
          <p className="text-muted">This page belongs to a version that the server no longer has.</p>
          <Button variant="primary" onClick={takeUpdate}>
            Load the new version
          </Button>
        </div>
      ) : (
        <ErrorState error={error} onRetry={() => location.reload()} />
      )}
    </main>
  );
}
