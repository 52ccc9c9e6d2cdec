/** Which value of a claim is which role here. */
import { Plus, Trash2 } from "lucide-react";
import { useFieldArray, useFormContext } from "react-hook-form";

import { roleName, ROLES } from "@/lib/role-names";
import { Button, IconButton } from "@/ui/button";
import { FormSelect, FormText } from "@/ui/form";
import { Card } from "@/ui/page";

import { checkValue, type Values } from "./form-values";

/** The server refuses more. */
const MOST = 50;
/** A provider cannot make admins. */
const GIVEN = ROLES.filter((role) => role !== "admin").map((role) => ({ value: role, label: roleName(role) }));
const WITHOUT = [{ value: "", label: "No role: they are refused" }, ...GIVEN];

export function RoleMapFields() {
  const { control, getValues, formState } = useFormContext<Values>();
  const { fields, append, remove } = useFieldArray({ control, name: "role_map" });
  return (
    <Card
      title="Roles"
      description="For people who come for the first time; afterwards the role given here counts. Of several matching values the strongest role is taken."
    >
      <FormText<Values>
        name="role_claim"
        label="Role claim"
        hint="Empty gives everybody the role below."
        mono
        dir="ltr"
        spellCheck={false}
        maxLength={500}
        placeholder="https://hub.example.com/role"
      />
      <fieldset className="flex flex-col gap-3">
        <legend className="mb-1 font-medium">Values of the claim</legend>
        {fields.length === 0 && <p className="text-muted">None yet. Add one for each role that your provider gives.</p>}
        {fields.map((row, index) => (
          <div key={row.id} role="group" aria-label={`Value ${index + 1}`} className="flex items-start gap-2">
            <FormText
              name={`role_map.${index}.value`}
              label="Value"
              hideLabel={index > 0}
              required
              spellCheck={false}
              maxLength={500}
              className="flex-1"
              rules={{ validate: () => checkValue(getValues("role_map"), index) }}
            />
            <FormSelect
              name={`role_map.${index}.role`}
              label="Role here"
              hideLabel={index > 0}
              required
              options={GIVEN}
              className="w-36 md:w-48"
            />
            <IconButton
              label={`Remove value ${index + 1}`}
              icon={Trash2}
              disabled={formState.disabled}
              className={index === 0 ? "mt-6" : ""}
              onClick={() => remove(index)}
            />
          </div>
        ))}
        <div>
          <Button
            icon={Plus}
            disabled={formState.disabled || fields.length >= MOST}
            onClick={() => append({ value: "", role: "agent" }, { focusName: `role_map.${fields.length}.value` })}
          >
            Add a value
          </Button>
        </div>
      </fieldset>
      <FormSelect<Values>
        name="default_role"
        label="Everybody else"
        hint="The role of people whose claims match no value."
        options={WITHOUT}
      />
    </Card>
  );
}
