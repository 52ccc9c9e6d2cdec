/** Permissions down, roles across. Head and first column stay in sight while the rest scrolls. */
import { Check, Minus } from "lucide-react";

import { groupsOf, type PermissionGroup } from "@/lib/permissions";
import { roleName } from "@/lib/role-names";
import { Tooltip } from "@/ui/tooltip";

import { permissionsOf, type RoleMatrix } from "./roles";

interface Props {
  matrix: RoleMatrix;
  /** The reader's own role. */
  mine: string;
}

const HEAD = "sticky top-0 z-10 border-b border-border bg-surface px-3 pt-3 pb-2 font-medium";

export function RoleMatrixTable({ matrix, mine }: Props) {
  const rights = new Map(matrix.roles.map(({ role }) => [role as string, permissionsOf(matrix, role)]));
  return (
    <table className="w-full border-separate border-spacing-0 text-start">
      <caption className="sr-only">What each role may do</caption>
      <thead>
        <tr>
          <th scope="col" className={`${HEAD} start-0 z-20 min-w-56 text-start`}>
            Permission
          </th>
          {matrix.roles.map(({ role, description }) => (
            <th key={role} scope="col" className={`${HEAD} w-24 text-center`}>
              <Tooltip text={description} focusable>
                <span className="rounded-sm">{roleName(role)}</span>
              </Tooltip>
              <span className="block h-4 text-xs font-normal text-muted">{role === mine && "You"}</span>
            </th>
          ))}
        </tr>
      </thead>
      {groupsOf(matrix.permissions).map((group) => (
        <Rows key={group.resource} group={group} rights={rights} />
      ))}
    </table>
  );
}

function Rows({ group, rights }: { group: PermissionGroup; rights: Map<string, Set<string>> }) {
  return (
    <tbody>
      <tr>
        <th
          scope="rowgroup"
          colSpan={rights.size + 1}
          className="border-b border-border bg-sunken px-3 py-1 text-start text-dense font-medium text-muted"
        >
          {group.title}
        </th>
      </tr>
      {group.permissions.map(({ name, description }) => (
        <tr key={name} className="group">
          <th
            scope="row"
            className="sticky start-0 border-b border-border bg-surface px-3 py-2 text-start font-normal group-hover:bg-hover"
          >
            <span className="block">{description}</span>
            <span className="block font-mono text-xs text-muted">{name}</span>
          </th>
          {[...rights].map(([role, permissions]) => (
            <td key={role} className="border-b border-border px-3 py-2 text-center group-hover:bg-hover">
              <May may={permissions.has(name)} />
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}

function May({ may }: { may: boolean }) {
  const Icon = may ? Check : Minus;
  return (
    <>
      <Icon size={16} aria-hidden className={may ? "inline-block text-ok-text" : "inline-block text-muted"} />
      <span className="sr-only">{may ? "may" : "may not"}</span>
    </>
  );
}
