/** Choosing a password, for whoever has none that works. */
import { FormPassword } from "@/ui/form";

import { filled } from "./filled";

export function NewPassword() {
  return (
    <FormPassword
      name="password"
      label="New password"
      hint="At least 12 characters. A few unrelated words are good."
      autoComplete="new-password"
      strength
      rules={filled("New password")}
    />
  );
}
