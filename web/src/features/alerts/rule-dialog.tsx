/** Changing a rule: when it is broken, how bad that is, and who is told. */
import { RotateCcw } from "lucide-react";
import { useForm, useWatch } from "react-hook-form";

import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Form, FormCheckGroup, FormRadio, FormSelect, FormSwitch, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";
import { toast } from "@/ui/toast";

import { changeRule, type Target } from "./queries";
import { changeOf, HIGHEST, LONGEST_MINUTES, valuesOf, type RuleValues } from "./rule-values";
import { conditionOf, numberOf, ruleOf, SEVERITIES, severityOf, TYPED, type Rule } from "./words";

interface Props {
  rule: Rule;
  targets: readonly Target[];
  onClose: () => void;
}

const TO = [
  { value: "all", label: "Every target that takes this severity" },
  { value: "chosen", label: "Only those that I choose" },
];

export function RuleDialog({ rule, targets, onClose }: Props) {
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={ruleOf(rule.name)} description={rule.summary}>
      <RuleForm rule={rule} targets={targets} onClose={onClose} />
    </Dialog>
  );
}

function RuleForm({ rule, targets, onClose }: Props) {
  const { unit, defaults } = rule;
  const form = useForm<RuleValues>({ defaultValues: valuesOf(rule) });
  const submit = async (values: RuleValues) => {
    await changeRule(rule.name, changeOf(rule, values));
    toast({ title: `“${ruleOf(rule.name)}” is changed`, tone: "ok" });
    onClose();
  };
  const reset = () => {
    const { threshold, for_minutes, severity } = valuesOf({ ...rule, ...defaults });
    form.setValue("threshold", threshold, { shouldDirty: true, shouldValidate: true });
    form.setValue("for_minutes", for_minutes, { shouldDirty: true, shouldValidate: true });
    form.setValue("severity", severity, { shouldDirty: true });
  };
  return (
    <Form form={form} onSubmit={submit} className="flex-1">
      <FormText<RuleValues>
        name="threshold"
        label="Alert when it is more than"
        hint={TYPED[unit].hint}
        suffix={TYPED[unit].suffix && <span className="pe-2">{TYPED[unit].suffix}</span>}
        inputMode="decimal"
        required
        rules={{ validate: isThreshold }}
        className="max-w-60"
      />
      <FormText<RuleValues>
        name="for_minutes"
        label="For how many minutes"
        hint="0 tells at once; a few minutes leave out what passes by itself."
        inputMode="numeric"
        required
        rules={{ validate: isMinutes }}
        className="max-w-60"
      />
      <FormSelect<RuleValues> name="severity" label="Severity" options={SEVERITIES} required className="max-w-60" />
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-dense text-muted">
        {`Default: ${conditionOf(defaults, unit)}; ${severityOf(defaults.severity)}.`}
        <Button size="sm" icon={RotateCcw} className="text-text" onClick={reset}>
          Back to the default
        </Button>
      </p>
      {targets.length > 0 && <To targets={targets} />}
      <FormSwitch<RuleValues> name="enabled" label="Watch this" hint="While it is off, nothing is raised by it." />
      <FormActions>
        <Button onClick={onClose}>Cancel</Button>
        <SubmitButton>Save</SubmitButton>
      </FormActions>
    </Form>
  );
}

function To({ targets }: { targets: readonly Target[] }) {
  const to = useWatch<RuleValues, "to">({ name: "to" });
  return (
    <>
      <FormRadio<RuleValues> name="to" label="Who is told?" options={TO} required />
      {to === "chosen" && (
        <FormCheckGroup<RuleValues>
          name="targets"
          label="Targets"
          hideLabel
          className="ps-6.5"
          options={targets.map(({ id, name }) => ({ value: id, label: name }))}
          required
        />
      )}
    </>
  );
}

const isThreshold = (typed: unknown) => numberOf(String(typed)) <= HIGHEST || "Type a number from 0 to 1,000,000,000.";

const isMinutes = (typed: unknown) =>
  (/^\d{1,4}$/.test(String(typed).trim()) && Number(typed) <= LONGEST_MINUTES) ||
  `Type a whole number from 0 to ${LONGEST_MINUTES}, which is a day.`;
