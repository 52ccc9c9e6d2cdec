/** Letting somebody in and keeping somebody out, which can be taken back. */
import { toast, toastProblem } from "@/ui/toast";

import { changeUser, changeUserAhead, type User } from "./queries";
import { roleName } from "@/lib/role-names";

export async function setStatus(user: User, status: User["status"]): Promise<void> {
  const disabled = status === "disabled";
  try {
    await changeUserAhead(user, { status });
  } catch (error) {
    return toastProblem(error);
  }
  toast({
    title: disabled ? `${nameOf(user)} is disabled` : `${nameOf(user)} is enabled`,
    description: disabled ? "They are logged out everywhere and cannot log in." : "They can log in again.",
    tone: "ok",
    undo: () => changeUser(user.id, { status: user.status }),
  });
}

/** Throws what went wrong: the place that offers the change says it. */
export async function setRole(user: User, role: User["role"]): Promise<void> {
  await changeUser(user.id, { role });
  toast({
    title: `${nameOf(user)} is now ${roleName(role)}`,
    description: `Before: ${roleName(user.role)}. The change counts at once.`,
    tone: "ok",
    undo: () => changeUser(user.id, { role: user.role }),
  });
}

/** For a sentence: names can be very long, and in any direction. */
export function nameOf({ name, email }: Pick<User, "name" | "email">): string {
  const shown = name.trim() || email;
  const letters = [...new Intl.Segmenter().segment(shown)].map(({ segment }) => segment);
  // First strong isolate … pop: what follows the name keeps its own direction.
  return `\u2068${letters.length > 60 ? `${letters.slice(0, 59).join("")}…` : shown}\u2069`;
}
