/** What each role may do: the whole matrix, or one role's part of it in words. */
import { useSearchParams } from "react-router";

import { useUser } from "@/lib/session";
import { FilterChip } from "@/ui/badge";
import { ErrorState, ProblemAlert } from "@/ui/problem";
import { SelectField } from "@/ui/field-select";
import { Delayed, Skeleton } from "@/ui/skeleton";

import { PeoplePage } from "./people-page";
import { useRoleMatrix } from "./queries";
import { RoleMatrixTable } from "./role-matrix-table";
import { RoleRights } from "./role-rights";
import { roleOptions, type RoleMatrix } from "./roles";

export function Component() {
  const matrix = useRoleMatrix();
  const { role, options, choose } = useChosenRole(matrix.data);
  const filter = (
    // On a phone a field below takes its place.
    <span className="hidden md:contents">
      <FilterChip label="Only" value={role} options={options} onChange={choose} onClear={() => choose(undefined)} />
    </span>
  );
  return (
    <PeoplePage title="Roles" filters={filter}>
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
  return (
    <>
      <div className="flex flex-col gap-4 md:hidden">
        <SelectField label="What may this role do?" options={options} value={role ?? mine} onChange={choose} />
        <RoleRights matrix={matrix} role={role ?? mine} />
      </div>
      <div className="hidden md:block">
        {role === undefined ? <RoleMatrixTable matrix={matrix} mine={mine} /> : <RoleRights matrix={matrix} role={role} />}
      </div>
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
