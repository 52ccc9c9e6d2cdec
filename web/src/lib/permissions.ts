/** Permissions as the server lists them, by what they are about. */
import type { Schemas } from "./api";

export type Permission = Schemas["PermissionInfo"];

const RESOURCES: Record<string, string> = {
  users: "People",
  api_keys: "API keys",
  sso: "Single sign-on",
  settings: "Settings",
  audit: "Audit log",
  work: "Dead letters and outside actions",
  system: "System",
  webhooks: "Webhooks",
  alerts: "Alerts",
  conversations: "Conversations",
};

export interface PermissionGroup {
  resource: string;
  title: string;
  permissions: Permission[];
}

/** In the server's order. */
export function groupsOf(permissions: readonly Permission[]): PermissionGroup[] {
  const groups = new Map<string, PermissionGroup>();
  for (const permission of permissions) {
    const resource = permission.name.split(":")[0] ?? permission.name;
    const group = groups.get(resource) ?? { resource, title: titleOf(resource), permissions: [] };
    group.permissions.push(permission);
    groups.set(resource, group);
  }
  return [...groups.values()];
}

/** What a newer server knows is called by its own word. */
function titleOf(resource: string): string {
  const words = resource.replaceAll("_", " ");
  return RESOURCES[resource] ?? words.charAt(0).toUpperCase() + words.slice(1);
}
