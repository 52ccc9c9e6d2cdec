/** What is around every page, signed in or not. */
import { QueryClientProvider } from "@tanstack/react-query";
import { Outlet, ScrollRestoration } from "react-router";

import { queryClient } from "@/lib/query-client";
import { UpdateBanner } from "@/shell/banners";
import { UiProvider } from "@/ui/provider";

export function Root() {
  return (
    <QueryClientProvider client={queryClient}>
      <UiProvider>
        <div className="flex h-dvh flex-col">
          <UpdateBanner />
          <div className="min-h-0 flex-1">
            <Outlet />
          </div>
        </div>
        <ScrollRestoration />
      </UiProvider>
    </QueryClientProvider>
  );
}
