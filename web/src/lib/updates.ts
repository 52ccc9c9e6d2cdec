/** New versions of the app: noticed, offered, and taken when the person says so. */
import { create } from "zustand";

export const useUpdate = create<{ isOffered: boolean }>(() => ({ isOffered: false }));

let registration: ServiceWorkerRegistration | undefined;

/** What this page was built as: the hashed name of its first script, which the server also reports. */
const BUILD = /\/assets\/([^/]+)\.js/.exec(
  document.querySelector<HTMLScriptElement>("script[type=module]")?.src ?? "",
)?.[1];

export async function watchForUpdates(): Promise<void> {
  // A part of the app that this page wants is gone: the server has a newer one.
  addEventListener("vite:preloadError", (event) => {
    event.preventDefault();
    useUpdate.setState({ isOffered: true });
  });
  if (import.meta.env.DEV || !("serviceWorker" in navigator)) return;
  await hasSettled();
  registration = await navigator.serviceWorker.register("/sw.js").catch(() => undefined);
  const worker = registration;
  if (!worker) return;
  const offer = () => {
    // The first worker of this browser is no update.
    if (worker.waiting && navigator.serviceWorker.controller) useUpdate.setState({ isOffered: true });
  };
  offer();
  worker.addEventListener("updatefound", () => worker.installing?.addEventListener("statechange", offer));
}

/** The worker loads all parts of the app to keep them; the page that somebody waits for goes first. */
async function hasSettled(): Promise<void> {
  if (document.readyState !== "complete")
    await new Promise((resolve) => addEventListener("load", resolve, { once: true }));
  await new Promise((resolve) => setTimeout(resolve, 2000));
}

/** The server told which build it hands out. */
export function sawBuild(build: string): void {
  if (!BUILD || build === BUILD) return;
  useUpdate.setState({ isOffered: true });
  void registration?.update().catch(() => undefined);
}

export function takeUpdate(): void {
  const waiting = registration?.waiting;
  if (!waiting) return location.reload();
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  waiting.postMessage({ type: "SKIP_WAITING" });
}
