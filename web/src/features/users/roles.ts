/** What roles may do, and what a change from one to another means. */
import type { Schemas } from "@/lib/api";
import type { Permission } from "@/lib/permissions";
import { roleName, ROLES } from "@/lib/role-names";

export type RoleMatrix = Schemas["RoleMatrix"];

/** "an agent", in a sentence. */
export function aRole(role: string): string {
  const name = roleName(role).toLowerCase();
  return `${/^[aeiou]/.test(name) ? "an" : "a"} ${name}`;
}

/** For choosing one: those that the server knows, or, until it has answered, those that this app knows. */
export function roleOptions(matrix: RoleMatrix | undefined) {
  const roles = matrix?.roles ?? ROLES.map((role) => ({ role, description: undefined }));
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
