/** Single sign-on: the workspace's short name says which company's log-in to go to. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useForm } from "react-hook-form";

import { Form, FormText, SubmitButton } from "@/ui/form";

import { singleSignOnAddress } from "./destination";
import { filled } from "./filled";
import { optionsOf } from "./queries";

const LAST = "socialai.workspace";

interface SsoFormProps {
  tenant: string;
  returnTo: string;
}

export function SsoForm({ tenant, returnTo }: SsoFormProps) {
  const queries = useQueryClient();
  const form = useForm({ defaultValues: { workspace: tenant || lastWorkspace() } });
  useEffect(() => form.setFocus("workspace"), [form]);

  const submit = async ({ workspace }: { workspace: string }) => {
    const slug = workspace.trim().toLowerCase();
    const options = await queries.fetchQuery(optionsOf(slug));
    if (options.sso) return goTo(slug, returnTo);
    const message = "There is no workspace with this short name that has single sign-on.";
    form.setError("workspace", { type: "server", message }, { shouldFocus: true });
  };
  return (
    <Form form={form} onSubmit={submit}>
      <FormText
        name="workspace"
        label="Short name of the workspace"
        hint="For example “acme”. Your admin knows it."
        autoComplete="organization"
        spellCheck={false}
        dir="ltr"
        maxLength={64}
        rules={filled("Short name of the workspace")}
      />
      <SubmitButton className="w-full">Go to your company’s log-in</SubmitButton>
    </Form>
  );
}

export function goTo(slug: string, returnTo: string): void {
  try {
    localStorage.setItem(LAST, slug);
  } catch {
    // Then it is typed again the next time.
  }
  location.assign(singleSignOnAddress(slug, returnTo));
}

function lastWorkspace(): string {
  try {
    return localStorage.getItem(LAST) ?? "";
  } catch {
    return "";
  }
}
