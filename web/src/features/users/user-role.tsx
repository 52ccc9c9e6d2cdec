/** A person's role: what a change would mean is said before it is made. */
import { Minus, Plus, type LucideIcon } from "lucide-react";
import { useState } from "react";

import type { Permission } from "@/lib/permissions";
import { hasCode } from "@/lib/problems";
import { useCan } from "@/lib/session";
import { roleName } from "@/lib/role-names";
import { Button } from "@/ui/button";
import { SelectField } from "@/ui/field-select";
import { Section } from "@/ui/page";
import { ProblemAlert } from "@/ui/problem";

import { usePolicy, useRoleMatrix, type User } from "./queries";
import { aRole, changeOf, roleOptions } from "./roles";
import { setRole } from "./user-status";

export function UserRole({ user, isMe }: { user: User; isMe: boolean }) {
  const { data: matrix } = useRoleMatrix();
  const [chosen, setChosen] = useState<string>();
  const [saving, setSaving] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const choose = (role: string | undefined) => {
    setFailure(undefined);
    setChosen(role);
  };
  const save = async (role: string) => {
    setSaving(true);
    setFailure(undefined);
    try {
      await setRole(user, role as User["role"]);
      setChosen(undefined);
    } catch (error) {
      setFailure(error);
    } finally {
      setSaving(false);
    }
  };
  const isOpen = chosen !== undefined && chosen !== user.role;
  const options = roleOptions(matrix);
  const known = options.some(({ value }) => value === user.role);
  return (
    <Section title="Role">
      <SelectField
        label="Role"
        hideLabel
        options={known ? options : [{ value: user.role, label: roleName(user.role) }, ...options]}
        value={chosen ?? user.role}
        onChange={choose}
        disabled={saving}
      />
      {failure !== undefined && <Refusal error={failure} />}
      {isOpen && (
        <div className="flex flex-col gap-3 rounded-card border border-border p-3">
          <Consequences user={user} to={chosen} isMe={isMe} />
          <div className="flex flex-wrap gap-2">
            <Button variant="primary" loading={saving} onClick={() => void save(chosen)}>
              Make {isMe ? "yourself" : "this person"} {aRole(chosen)}
            </Button>
            <Button disabled={saving} onClick={() => choose(undefined)}>
              Keep {roleName(user.role)}
            </Button>
          </div>
        </div>
      )}
    </Section>
  );
}

/** The last admin stays one, or nobody could let anybody in any more. */
export function Refusal({ error }: { error: unknown }) {
  const title = hasCode(error, "last_admin") ? "This is the last active admin" : undefined;
  return <ProblemAlert error={error} title={title} />;
}

function Consequences({ user, to, isMe }: { user: User; to: string; isMe: boolean }) {
  const { data: matrix } = useRoleMatrix();
  const { data: policy } = usePolicy(useCan("settings:read"));
  if (!matrix) return <p className="text-muted">The change counts at once.</p>;
  const { gains, loses } = changeOf(matrix, user.role, to);
  const needsFactor = !user.has_mfa && (to === "admin" || policy?.mfa_roles.some((role) => role === to) === true);
  return (
    <div className="flex flex-col gap-2">
      {isMe && loses.some(({ name }) => name === "users:manage") && (
        <p className="font-medium">You will not be able to take this back yourself.</p>
      )}
      <Rights title="May then also" icon={Plus} permissions={gains} />
      <Rights title="May no longer" icon={Minus} permissions={loses} />
      {gains.length + loses.length === 0 && <p>So far both roles may do the same.</p>}
      {needsFactor && <p>At the next log-in a second factor has to be set up.</p>}
      <p className="text-muted">The change counts at once; nobody is logged out by it.</p>
    </div>
  );
}

function Rights({ title, icon: Icon, permissions }: { title: string; icon: LucideIcon; permissions: Permission[] }) {
  if (permissions.length === 0) return null;
  return (
    <div>
      <p className="font-medium">{title}</p>
      <ul className="mt-1 flex flex-col gap-1">
        {permissions.map(({ name, description }) => (
          <li key={name} className="flex gap-2">
            <Icon size={14} aria-hidden className="mt-[3px] shrink-0 text-muted" />
            {description}
          </li>
        ))}
      </ul>
    </div>
  );
}
