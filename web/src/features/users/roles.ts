/** What roles are called, what they may do, and what a change from one to another means. */
import type { Schemas } from "@/lib/api";

export type RoleMatrix = Schemas["RoleMatrix"];
export type Permission = Schemas["PermissionInfo"];

const NAMES: Record<string, string> = {
  admin: "Admin",
  manager: "Manager",
  sales_rep: "Sales rep",
  agent: "Agent",
  viewer: "Viewer",
};

/** A role that a newer server knows is shown as it comes. */
export const roleName = (role: string): string => NAMES[role] ?? role;

/** "an agent", in a sentence. */
export function aRole(role: string): string {
  const name = roleName(role).toLowerCase();
  return `${/^[aeiou]/.test(name) ? "an" : "a"} ${name}`;
}

/** For choosing one: those that the server knows, or, until it has answered, those that this app knows. */
export function roleOptions(matrix: RoleMatrix | undefined) {
  const roles = matrix?.roles ?? Object.keys(NAMES).map((role) => ({ role, description: undefined }));
  return roles.map(({ role, description }) => ({ value: role, label: roleName(role), description }));
}

export interface Change {
  gains: Permission[];
  loses: Permission[];
}

export function changeOf(matrix: RoleMatrix, from: string, to: string): Change {
  const [before, after] = [permissionsOf(matrix, from), permissionsOf(matrix, to)];
  return {
    gains: matrix.permissions.filter(({ name }) => after.has(name) && !before.has(name)),
    loses: matrix.permissions.filter(({ name }) => before.has(name) && !after.has(name)),
  };
}

export function permissionsOf(matrix: RoleMatrix, role: string): Set<string> {
  return new Set(matrix.roles.find((info) => info.role === role)?.permissions);
}

const RESOURCES: Record<string, string> = {
  users: "People",
  api_keys: "API keys",
  sso: "Single sign-on",
  settings: "Settings",
  audit: "Audit log",
  system: "System",
};

export interface Group {
  resource: string;
  title: string;
  permissions: Permission[];
}

/** By what they are about, in the server's order. */
export function groupsOf(permissions: readonly Permission[]): Group[] {
  const groups = new Map<string, Group>();
  for (const permission of permissions) {
    const resource = permission.name.split(":")[0] ?? permission.name;
    const group = groups.get(resource) ?? { resource, title: titleOf(resource), permissions: [] };
    group.permissions.push(permission);
    groups.set(resource, group);
  }
  return [...groups.values()];
}

function titleOf(resource: string): string {
  const words = resource.replaceAll("_", " ");
  return RESOURCES[resource] ?? words.charAt(0).toUpperCase() + words.slice(1);
}
