/** Everybody who works here: found, opened, and, by those who may, changed. */
import { SearchX, UserPlus, Users } from "lucide-react";
import { useRef, type RefObject } from "react";
import { useSearchParams } from "react-router";

import { useCan } from "@/lib/session";
import { useShortcuts } from "@/lib/shortcuts";
import { FilterChip } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ListNews } from "@/ui/list-news";
import { EmptyState, ErrorState, NoPermission, ProblemAlert } from "@/ui/problem";
import { SearchParamField } from "@/ui/search-param-field";

import { InviteDialog } from "./invite-dialog";
import { PeoplePage } from "./people-page";
import { useRoleMatrix, useUsers, type Filter } from "./queries";
import { roleOptions } from "./roles";
import { UserPanel } from "./user-panel";
import { UserTable } from "./user-table";

const STATES = [
  { value: "active", label: "Active" },
  { value: "disabled", label: "Disabled" },
];

export function Component() {
  const mayRead = useCan("users:read");
  const mayManage = useCan("users:manage");
  const [params, setParams] = useSearchParams();
  const search = useRef<HTMLInputElement>(null);
  const change = useParam();
  useShortcuts("People", [
    { keys: "/", does: "Search", run: () => search.current?.focus() },
    ...(mayManage ? [{ keys: "n", does: "Invite people", run: () => change("new", "") }] : []),
  ]);
  if (!mayRead) {
    return (
      <PeoplePage title="People">
        <NoPermission what="see who works here" />
      </PeoplePage>
    );
  }
  const invite = (
    <Button variant="primary" icon={UserPlus} onClick={() => change("new", "")}>
      Invite people
    </Button>
  );
  const opened = params.get("user");
  return (
    <PeoplePage title="People" actions={mayManage && invite} filters={<Filters search={search} />}>
      <List
        onOpen={(id) => change("user", id)}
        onDropFilters={() => setParams((before) => keep(before, "user"), { replace: true })}
      />
      {opened && <UserPanel key={opened} id={opened} onClose={() => change("user", null, true)} />}
      {mayManage && <InviteDialog open={params.has("new")} onClose={() => change("new", null, true)} />}
    </PeoplePage>
  );
}

function keep(params: URLSearchParams, name: string): URLSearchParams {
  const value = params.get(name);
  return new URLSearchParams(value === null ? {} : { [name]: value });
}

/** Sets one part of what is shown, or drops it. */
function useParam(): (name: string, value: string | null, replace?: boolean) => void {
  const [, setParams] = useSearchParams();
  return (name, value, replace = false) =>
    setParams(
      (before) => {
        const after = new URLSearchParams(before);
        if (value === null) after.delete(name);
        else after.set(name, value);
        return after;
      },
      { replace },
    );
}

/** From the URL; what the server would not understand filters nothing. */
function useFilter(): Filter {
  const [params] = useSearchParams();
  const { data } = useRoleMatrix();
  const one = (name: string, options: { value: string }[]) =>
    options.find(({ value }) => value === params.get(name))?.value;
  const search = params.get("search")?.slice(0, 254) || undefined;
  return { role: one("role", roleOptions(data)), status: one("status", STATES), search };
}

function Filters({ search }: { search: RefObject<HTMLInputElement | null> }) {
  const { role, status } = useFilter();
  const { data } = useRoleMatrix();
  const change = useParam();
  return (
    <>
      <SearchParamField
        ref={search}
        param="search"
        label="Search people"
        placeholder="Name or whole e-mail address"
        className="w-full md:w-72"
      />
      <FilterChip
        label="Role"
        value={role}
        options={roleOptions(data)}
        onChange={(value) => change("role", value, true)}
        onClear={() => change("role", null, true)}
      />
      <FilterChip
        label="Status"
        value={status}
        options={STATES}
        onChange={(value) => change("status", value, true)}
        onClear={() => change("status", null, true)}
      />
    </>
  );
}

function List({ onOpen, onDropFilters }: { onOpen: (id: string) => void; onDropFilters: () => void }) {
  const filter = useFilter();
  const users = useUsers(filter, true);
  if (users.error && users.rows.length === 0) {
    return <ErrorState error={users.error} onRetry={() => void users.refetch()} />;
  }
  if (users.isSuccess && users.rows.length === 0 && !users.isPlaceholderData) {
    const filtered = Object.values(filter).some((value) => value !== undefined);
    return filtered ? (
      <NobodyFound onDropFilters={onDropFilters} />
    ) : (
      <EmptyState icon={Users} title="Nobody works here yet" text="Invite the first people." />
    );
  }
  return (
    <>
      {users.error && <ProblemAlert error={users.error} onRetry={() => void users.refetch()} />}
      <ListNews list={users} />
      <UserTable users={users} onOpen={onOpen} />
    </>
  );
}

function NobodyFound({ onDropFilters }: { onDropFilters: () => void }) {
  return (
    <EmptyState
      icon={SearchX}
      title="Nobody matches"
      text="A search finds part of a name, or a whole e-mail address: addresses are stored encrypted."
      action={<Button onClick={onDropFilters}>Show everybody</Button>}
    />
  );
}
