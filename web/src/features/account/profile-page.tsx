/** Who one is in this workspace. */

import { roleName } from "@/lib/role-names";
import { useCan, useSession, useTenant, useUser } from "@/lib/session";
import { Avatar } from "@/ui/avatar";
import { Badge } from "@/ui/badge";
import { Copyable } from "@/ui/code";
import { Form, FormText, SubmitButton } from "@/ui/form";
import { Bdi } from "@/ui/name";
import { Card, DetailList, Page } from "@/ui/page";
import { TextLink } from "@/ui/text-link";
import { DateTime } from "@/ui/time";
import { toast } from "@/ui/toast";
import { UnsavedGuard } from "@/ui/unsaved-guard";
import { useLiveForm } from "@/ui/use-live-form";

import { rename } from "./queries";

export function Component() {
  return (
    <Page title="Profile" narrow>
      <NameCard />
      <AccountCard />
    </Page>
  );
}

function NameCard() {
  const user = useUser();
  const tenant = useTenant();
  const form = useLiveForm({ name: user.name });
  const typed = form.watch("name");
  const { isDirty } = form.formState;

  const save = async (name: string) => {
    const saved = await rename(name);
    form.reset({ name: saved });
  };
  const submit = async ({ name }: { name: string }) => {
    const before = user.name;
    await save(name.trim());
    toast({ title: "Name changed", tone: "ok", undo: () => save(before) });
  };

  return (
    <Card title="Name" description={<>What colleagues in {<Bdi>{tenant.name}</Bdi>} see.</>}>
      <Form form={form} onSubmit={submit}>
        <div className="flex items-center gap-4">
          <Avatar name={typed || user.email} size={56} />
          <FormText name="name" label="Your name" required maxLength={200} autoComplete="name" className="flex-1" />
        </div>
        <div className="flex justify-end">
          <SubmitButton disabled={!isDirty}>Save name</SubmitButton>
        </div>
      </Form>
      <UnsavedGuard dirty={isDirty} what="your profile" />
    </Card>
  );
}

function AccountCard() {
  const user = useUser();
  const tenants = useSession((session) => session.facts?.tenants) ?? [];
  const seesRoles = useCan("users:read");
  return (
    <Card
      title="Account"
      description={user.role === "admin" ? undefined : "An admin of the workspace gives out the roles."}
    >
      <DetailList
        items={[
          { term: "E-mail", detail: <Copyable text={user.email} label="e-mail address" /> },
          {
            term: "Role",
            detail: (
              <span className="flex flex-wrap items-center gap-2">
                <Badge tone="accent">{roleName(user.role)}</Badge>
                {seesRoles && <TextLink to="/settings/users/roles">What it may do</TextLink>}
              </span>
            ),
          },
          {
            term: tenants.length === 1 ? "Workspace" : "Workspaces",
            detail: (
              <ul className="flex flex-col gap-0.5">
                {tenants.map(({ id, name }) => (
                  <li key={id}>
                    <Bdi>{name}</Bdi>
                  </li>
                ))}
              </ul>
            ),
          },
          { term: "Here since", detail: <DateTime at={user.created_at} /> },
        ]}
      />
    </Card>
  );
}
