/** What roles are called. A role that a newer server knows is shown as it comes. */
const NAMES: Record<string, string> = {
  admin: "Admin",
  manager: "Manager",
  sales_rep: "Sales rep",
  agent: "Agent",
  viewer: "Viewer",
};

/** In the order of what they may do. */
export const ROLES: readonly string[] = Object.keys(NAMES);

export const roleName = (role: string): string => NAMES[role] ?? role;
