/** What scopes stand for. The server's rule: a permission, all of a resource, one action everywhere, or all. */
import type { Permission } from "@/lib/permissions";

export function covers(scope: string, permission: string): boolean {
  if (scope === "*") return true;
  const [resource, action] = permission.split(":");
  const [wantedResource, wantedAction] = scope.split(":");
  return (
    scope.includes(":") &&
    (wantedResource === "*" || wantedResource === resource) &&
    (wantedAction === "*" || wantedAction === action)
  );
}

/** The permissions that scopes grant, in the server's order. */
export const granted = (scopes: readonly string[], permissions: readonly Permission[]): Permission[] =>
  permissions.filter(({ name }) => scopes.some((scope) => covers(scope, name)));

/** Scopes that grant nothing that this app knows of. */
export const unknown = (scopes: readonly string[], permissions: readonly Permission[]): string[] =>
  scopes.filter((scope) => !permissions.some(({ name }) => covers(scope, name)));

const READABLE: [string, string][] = [
  ["users:read", "/users"],
  ["settings:read", "/tenant"],
  ["audit:read", "/audit-log"],
  ["api_keys:read", "/api-keys"],
  ["sso:read", "/sso"],
  ["system:read", "/system/health"],
];

/** A first request that a key with these scopes may make; any key may ask for the roles. */
export function exampleOf(scopes: readonly string[], origin: string): string {
  const path = READABLE.find(([permission]) => scopes.some((scope) => covers(scope, permission)))?.[1] ?? "/roles";
  return `curl -H "Authorization: Bearer $SOCIALAI_API_KEY" ${origin}/api/v1${path}`;
}
