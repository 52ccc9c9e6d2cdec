/** Every address of the app, as one list. Pages are loaded when they are first opened. */
import { createBrowserRouter, type RouteObject } from "react-router";

import { PageFault } from "./page-fault";
import { Root } from "./root";

const strangers: RouteObject[] = [
  { path: "/login", lazy: () => import("@/features/auth/login-page") },
  { path: "/forgot", lazy: () => import("@/features/auth/forgot-page") },
  { path: "/reset", lazy: () => import("@/features/auth/reset-page") },
  { path: "/invitation", lazy: () => import("@/features/auth/invitation-page") },
];

const settings: RouteObject[] = [
  { index: true, lazy: () => import("./settings-index") },
  { path: "profile", lazy: () => import("@/features/account/profile-page") },
  { path: "security", lazy: () => import("@/features/account/security-page") },
  { path: "sessions", lazy: () => import("@/features/account/sessions-page") },
  { path: "appearance", lazy: () => import("@/features/account/appearance-page") },
  { path: "workspace", lazy: () => import("@/features/workspace/workspace-page") },
  { path: "policy", lazy: () => import("@/features/workspace/policy-page") },
  { path: "users", lazy: () => import("@/features/users/users-page") },
  { path: "users/invitations", lazy: () => import("@/features/users/invitations-page") },
  { path: "users/roles", lazy: () => import("@/features/users/roles-page") },
  { path: "api-keys", lazy: () => import("@/features/api-keys/api-keys-page") },
  { path: "webhooks", lazy: () => import("@/features/webhooks/webhooks-page") },
  { path: "webhooks/:id", lazy: () => import("@/features/webhooks/endpoint-page") },
  { path: "canned-replies", lazy: () => import("@/features/canned-replies/canned-replies-page") },
  { path: "alerts", lazy: () => import("@/features/alerts/alerting-page") },
  { path: "sso", lazy: () => import("@/features/sso/sso-page") },
  { path: "audit-log", lazy: () => import("@/features/audit-log/audit-log-page") },
];

const system: RouteObject[] = [
  { path: "/alerts/:id?", lazy: () => import("@/features/alerts/alerts-page") },
  { path: "/system", lazy: () => import("@/features/system/system-page") },
  { path: "/system/dead-letters", lazy: () => import("@/features/dead-letters/dead-letters-page") },
  { path: "/system/effects", lazy: () => import("@/features/effects/effects-page") },
  { path: "/system/outbox", lazy: () => import("@/features/system/outbox-page") },
];

const pages: RouteObject[] = [
  { path: "/", lazy: () => import("@/features/home/home-page") },
  { path: "/inbox/:id?", lazy: () => import("@/features/inbox/inbox-page") },
  { path: "/connections", lazy: () => import("@/features/connections/connections-page") },
  { path: "/connections/:id", lazy: () => import("@/features/connections/account-page") },
  { lazy: () => import("./system-layout"), children: inFrame(system) },
  { path: "/settings", lazy: () => import("./settings-layout"), children: inFrame(settings) },
  { path: "*", lazy: () => import("./not-found") },
];

/** A page that fails leaves the frame around it standing. */
function inFrame(routes: RouteObject[]): RouteObject[] {
  return [{ ErrorBoundary: PageFault, children: routes }];
}

export const router = createBrowserRouter([
  {
    Component: Root,
    ErrorBoundary: PageFault,
    HydrateFallback: () => null,
    children: [...strangers, { lazy: () => import("./signed-in"), children: inFrame(pages) }],
  },
]);
