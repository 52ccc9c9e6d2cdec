/** One role in words: what it may do and what it may not, by subject. */
import { Check, Minus } from "lucide-react";

import { groupsOf, type Permission } from "@/lib/permissions";
import { roleName } from "@/lib/role-names";
import { Section } from "@/ui/page";

import { permissionsOf, type RoleMatrix } from "./roles";

export function RoleRights({ matrix, role }: { matrix: RoleMatrix; role: string }) {
  const has = permissionsOf(matrix, role);
  const description = matrix.roles.find((info) => info.role === role)?.description;
  const may = matrix.permissions.filter(({ name }) => has.has(name));
  const mayNot = matrix.permissions.filter(({ name }) => !has.has(name));
  return (
    <div className="flex max-w-2xl flex-col gap-6">
      <Section title={`${roleName(role)} may`} description={description}>
        {may.length > 0 ? <Rights permissions={may} allowed /> : <p>Nothing in this workspace yet.</p>}
      </Section>
      {mayNot.length > 0 && (
        <Section title={`${roleName(role)} may not`}>
          <Rights permissions={mayNot} allowed={false} />
        </Section>
      )}
    </div>
  );
}

function Rights({ permissions, allowed }: { permissions: Permission[]; allowed: boolean }) {
  const Icon = allowed ? Check : Minus;
  return (
    <dl className="flex flex-col divide-y divide-border rounded-card border border-border">
      {groupsOf(permissions).map((group) => (
        <div key={group.resource} className="grid gap-x-4 gap-y-1 px-3 py-2 md:grid-cols-[10rem_1fr]">
          <dt className="font-medium">{group.title}</dt>
          <dd>
            <ul className="flex flex-col gap-1">
              {group.permissions.map(({ name, description }) => (
                <li key={name} className="flex gap-2">
                  <Icon
                    size={16}
                    aria-hidden
                    className={`mt-0.5 shrink-0 ${allowed ? "text-ok-text" : "text-muted"}`}
                  />
                  {description}
                </li>
              ))}
            </ul>
          </dd>
        </div>
      ))}
    </dl>
  );
}
