/** Changing one's own password. */
import { useForm } from "react-hook-form";

import { useUser } from "@/lib/session";
import { Form, FormPassword, SubmitButton } from "@/ui/form";
import { Card } from "@/ui/page";
import { toast } from "@/ui/toast";
import { UnsavedGuard } from "@/ui/unsaved-guard";

import { atField } from "./field-error";
import { changePassword } from "./queries";

/** `password` is what the server calls the new one when it complains about it. */
interface Values {
  current: string;
  password: string;
}

const EMPTY: Values = { current: "", password: "" };

export function PasswordCard() {
  const { email } = useUser();
  const form = useForm({ defaultValues: EMPTY });
  const submit = async ({ current, password }: Values) => {
    await changePassword({ current, new: password }).catch((error: unknown) => {
      throw atField(error, "wrong_credentials", "current");
    });
    form.reset(EMPTY);
    toast({ title: "Password changed", description: "All your other sessions were ended.", tone: "ok" });
  };
  return (
    <Card
      title="Password"
      description="A change ends all your other sessions, in every workspace. You stay logged in here."
    >
      <Form form={form} onSubmit={submit}>
        {/* So that a password manager knows whose password it is. */}
        <input type="text" autoComplete="username" value={email} readOnly hidden />
        <FormPassword name="current" label="Present password" required autoComplete="current-password" />
        <FormPassword
          name="password"
          label="New password"
          required
          strength
          rules={{
            validate: (text: string) => Array.from(text).length >= 12 || "A password has at least 12 characters.",
          }}
        />
        <div className="flex justify-end">
          <SubmitButton>Change password</SubmitButton>
        </div>
      </Form>
      <UnsavedGuard dirty={form.formState.isDirty} what="your password" />
    </Card>
  );
}
