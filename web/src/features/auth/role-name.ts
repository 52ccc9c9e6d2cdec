/** "sales_rep" as people write it; roles of a newer server too. */
export function roleName(role: string): string {
  const words = role.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
