/** The workspace itself: its name, when answers are due, and what the operator of the installation decided about it. */

import { useCan } from "@/lib/session";
import { Avatar } from "@/ui/avatar";
import { Badge } from "@/ui/badge";
import { Copyable } from "@/ui/code";
import { Form, FormText, SubmitButton } from "@/ui/form";
import { Bdi } from "@/ui/name";
import { Card, DetailList, Page } from "@/ui/page";
import { ErrorState, NoPermission } from "@/ui/problem";
import { Delayed, Skeleton } from "@/ui/skeleton";
import { DateTime } from "@/ui/time";
import { toast } from "@/ui/toast";
import { UnsavedGuard } from "@/ui/unsaved-guard";
import { useLiveForm } from "@/ui/use-live-form";

import { AnswersCard, AnswersShown } from "./answers-card";
import { renameWorkspace, useInboxSettings, useWorkspace, type Workspace } from "./queries";

const PLANS: Record<string, string> = {
  standard: "Standard",
  enterprise: "Enterprise",
};
/** Where the data lives, as isolation from other workspaces. */
const TIERS: Record<string, string> = {
  shared: "Shared tables, kept apart row by row",
  schema: "Tables of its own",
  shard: "A database of its own",
};

export function Component() {
  return (
    <Page title="General" narrow>
      <Content />
    </Page>
  );
}

function Content() {
  const maySee = useCan("settings:read");
  const mayChange = useCan("settings:manage");
  const { data: workspace, ...named } = useWorkspace(maySee);
  const { data: settings, ...answers } = useInboxSettings(maySee);
  const error = named.error ?? answers.error;
  if (!maySee) return <NoPermission what="see the workspace’s settings" />;
  if (workspace && settings) {
    return (
      <>
        {mayChange ? <NameCard workspace={workspace} /> : <NameShown name={workspace.name} />}
        {mayChange ? <AnswersCard settings={settings} /> : <AnswersShown settings={settings} />}
        <FactsCard workspace={workspace} />
      </>
    );
  }
  const retry = () => void Promise.all([named.refetch(), answers.refetch()]);
  if (error) return <ErrorState error={error} onRetry={retry} />;
  return (
    <Delayed>
      <Skeleton className="h-48 rounded-card" />
      <Skeleton className="h-64 rounded-card" />
      <Skeleton className="h-56 rounded-card" />
    </Delayed>
  );
}

function NameCard({ workspace }: { workspace: Workspace }) {
  const form = useLiveForm({ name: workspace.name });
  const { isDirty } = form.formState;
  const save = async (name: string) => form.reset({ name: (await renameWorkspace(name)).name });
  const submit = async ({ name }: { name: string }) => {
    const before = workspace.name;
    await save(name.trim());
    toast({ title: "Workspace renamed", tone: "ok", undo: () => save(before) });
  };
  return (
    <Card title="Name" description="Everybody in the workspace sees it, and those whom you invite.">
      <Form form={form} onSubmit={submit}>
        <div className="flex items-center gap-4">
          <Avatar name={form.watch("name") || workspace.slug} size={56} square />
          <FormText
            name="name"
            label="Workspace name"
            required
            maxLength={200}
            autoComplete="organization"
            className="flex-1"
          />
        </div>
        <div className="flex justify-end">
          <SubmitButton disabled={!isDirty}>Save name</SubmitButton>
        </div>
      </Form>
      <UnsavedGuard dirty={isDirty} what="the workspace’s name" />
    </Card>
  );
}

function NameShown({ name }: { name: string }) {
  return (
    <Card title="Name" description="Only an admin can change it.">
      <div className="flex min-w-0 items-center gap-4">
        <Avatar name={name} size={56} square />
        <Bdi className="text-lg font-medium">{name}</Bdi>
      </div>
    </Card>
  );
}

function FactsCard({ workspace: { id, slug, plan, tier, created_at } }: { workspace: Workspace }) {
  return (
    <Card title="Facts" description="Set by the operator of this installation.">
      <DetailList
        items={[
          { term: "Short name", detail: <Copyable text={slug} label="short name" /> },
          { term: "Workspace id", detail: <Copyable text={id} label="workspace id" /> },
          {
            term: "Plan",
            detail: <Badge tone={plan === "enterprise" ? "accent" : "neutral"}>{PLANS[plan] ?? plan}</Badge>,
          },
          { term: "Data", detail: TIERS[tier] ?? tier },
          { term: "Created", detail: <DateTime at={created_at} /> },
        ]}
      />
    </Card>
  );
}
