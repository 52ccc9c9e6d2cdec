/** Which scopes a key gets: a ready-made set, or single permissions by subject. None that the person lacks is offered. */
import { useController, useFormContext, useWatch } from "react-hook-form";

import { groupsOf, type Permission } from "@/lib/permissions";
import { useSession } from "@/lib/session";
import { CheckGroup } from "@/ui/field-choice";
import { FormRadio } from "@/ui/form";
import { useShownName } from "@/ui/form-context";
import { ProblemAlert } from "@/ui/problem";

import type { KeyValues } from "./key-form";
import { usePermissions } from "./queries";

const PRESETS = [
  {
    value: "*:read",
    label: "Read everything",
    description: "Sees all and changes nothing; also what later versions add.",
    of: (name: string) => name.endsWith(":read"),
  },
  {
    value: "*",
    label: "Everything",
    description: "All that an admin may do; also what later versions add.",
    of: () => true,
  },
];

const NONE: Permission[] = [];

export function ScopePicker() {
  const { data: permissions = NONE, error, refetch } = usePermissions();
  const own = useSession(({ facts }) => facts?.permissions) ?? [];
  const preset = useWatch<KeyValues, "preset">({ name: "preset" });
  const offered = permissions.filter(({ name }) => own.includes(name));
  const options = [
    ...PRESETS.filter(({ of }) => permissions.filter(({ name }) => of(name)).every(({ name }) => own.includes(name))),
    { value: "chosen", label: "Only what I choose" },
  ];
  return (
    <>
      <FormRadio<KeyValues> name="preset" label="What may it do?" options={options} required />
      {error && permissions === NONE && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      {preset === "chosen" && <Choices permissions={offered} />}
    </>
  );
}

function Choices({ permissions }: { permissions: Permission[] }) {
  const { control } = useFormContext<KeyValues>();
  useShownName("scopes");
  const { field, fieldState } = useController({
    control,
    name: "scopes",
    rules: { validate: (scopes) => scopes.length > 0 || "Choose at least one." },
  });
  const groups = groupsOf(permissions);
  return (
    <div className="flex flex-col gap-3 rounded-card border border-border p-3">
      {groups.map((group, index) => (
        <CheckGroup
          key={group.resource}
          label={group.title}
          options={group.permissions.map(({ name, description }) => ({
            value: name,
            label: description,
            description: name,
          }))}
          values={field.value}
          onChange={field.onChange}
          ref={index === 0 ? field.ref : undefined}
          error={index === 0 ? fieldState.error?.message : undefined}
        />
      ))}
    </div>
  );
}
