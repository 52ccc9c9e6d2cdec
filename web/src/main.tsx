/** Where the app begins: who is signed in is asked while the first page's code loads. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";

import { forgetActivities } from "@/lib/activity";
import { followAppearance } from "@/lib/appearance";
import { keepOnDevice, readKept, restore } from "@/lib/query-client";
import { onIdentityChange, startSession } from "@/lib/session";
import { listenForShortcuts } from "@/lib/shortcuts";
import { watchForUpdates } from "@/lib/updates";
import { router } from "@/routes/router";

import "./styles.css";

followAppearance();
listenForShortcuts();
keepOnDevice();
onIdentityChange(forgetActivities);
void Promise.all([readKept(), startSession()]).then(([kept]) => restore(kept));
void watchForUpdates();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <RouterProvider router={router} />
    </StrictMode>,
  );
}
