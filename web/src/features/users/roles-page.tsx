/** What each role may do: the whole matrix, or one role's part of it in words. */
import { useSearchParams } from "react-router";

import { useUser } from "@/lib/session";
import { Button } from "@/ui/button";
import { FilterChip } from "@/ui/badge";
import { ErrorState, ProblemAlert } from "@/ui/problem";
import { SelectField } from "@/ui/field-select";
import { Delayed, Skeleton } from "@/ui/skeleton";
import { useIsPhone } from "@/ui/use-media";

import { PeoplePage } from "./people-page";
import { useRoleMatrix } from "./queries";
import { RoleMatrixTable } from "./role-matrix-table";
import { RoleRights } from "./role-rights";
import { roleOptions, type RoleMatrix } from "./roles";

export function Component() {
  const matrix = useRoleMatrix();
  // There a field takes the place of the matrix.
  const phone = useIsPhone();
  const { role, options, choose } = useChosenRole(matrix.data);
  const filter = (
    <FilterChip label="Role" value={role} options={options} onChange={choose} onClear={() => choose(undefined)} />
  );
  return (
    <PeoplePage title="Roles" filters={!phone && filter}>
      {matrix.data ? (
        <>
          {matrix.error && <ProblemAlert error={matrix.error} onRetry={() => void matrix.refetch()} />}
          <Roles matrix={matrix.data} />
        </>
      ) : matrix.error ? (
        <ErrorState error={matrix.error} onRetry={() => void matrix.refetch()} />
      ) : (
        <Delayed>
          <MatrixSkeleton />
        </Delayed>
      )}
    </PeoplePage>
  );
}

function useChosenRole(matrix: RoleMatrix | undefined) {
  const [params, setParams] = useSearchParams();
  const options = roleOptions(matrix);
  return {
    role: options.find(({ value }) => value === params.get("role"))?.value,
    options,
    choose: (role: string | undefined) => setParams(role === undefined ? {} : { role }, { replace: true }),
  };
}

function Roles({ matrix }: { matrix: RoleMatrix }) {
  const { role, options, choose } = useChosenRole(matrix);
  const mine = useUser().role;
  if (useIsPhone()) {
    return (
      <>
        <SelectField label="What may this role do?" options={options} value={role ?? mine} onChange={choose} />
        <RoleRights matrix={matrix} role={role ?? mine} />
      </>
    );
  }
  return role === undefined ? (
    <RoleMatrixTable matrix={matrix} mine={mine} />
  ) : (
    <>
      <RoleRights matrix={matrix} role={role} />
      <Button size="sm" className="self-start" onClick={() => choose(undefined)}>
        Show all roles
      </Button>
    </>
  );
}

function MatrixSkeleton() {
  return (
    <div className="flex flex-col gap-4">
      {Array.from({ length: 12 }, (_, row) => (
        <Skeleton key={row} className="h-6" />
      ))}
    </div>
  );
}
