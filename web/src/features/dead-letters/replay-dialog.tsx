/** Trying dead letters again, at a pace that what has just recovered can bear. */
import { useState } from "react";
import { useForm, useWatch } from "react-hook-form";

import { formatNumber } from "@/lib/format";
import { idempotencyKeys } from "@/lib/idempotency";
import { lastsOf } from "@/lib/work-words";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Form, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";
import { toast } from "@/ui/toast";

import { doneOf, lettersOf, rateOf, type Order } from "./orders";
import { AT_ONCE, replay } from "./queries";

interface Values {
  per_second: string;
}

interface Props {
  order: Order;
  onClose: () => void;
  onDone: () => void;
}

export function ReplayDialog({ order: { select, count, what }, onClose, onDone }: Props) {
  const [keyOf] = useState(idempotencyKeys);
  const form = useForm<Values>({ defaultValues: { per_second: "" } });
  const submit = async ({ per_second: typed }: Values) => {
    const rate = rateOf(typed);
    const done = await replay(select, rate, keyOf({ select, rate }));
    toast({ ...doneOf("Replayed", done, count), tone: done >= count ? "ok" : "warn" });
    onDone();
  };
  const isMany = count > 1;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Replay ${lettersOf(count)}?`}
      description={
        <>
          {what && `${what}: `}
          {isMany
            ? "They are tried again, oldest first, as new jobs with new attempts."
            : "It is tried again as a new job with new attempts."}
          {count > AT_ONCE && ` One order takes the oldest ${formatNumber(AT_ONCE)}; give it again for the others.`}
        </>
      }
    >
      <Form form={form} onSubmit={submit} className="flex-1">
        <FormText<Values>
          name="per_second"
          label="At most so many a second"
          inputMode="decimal"
          autoComplete="off"
          hint="Leave it empty to replay all at once. A pace spares what has just recovered."
          rules={{ validate: (typed) => !Number.isNaN(rateOf(String(typed))) || "A rate is 0.01 to 1,000 a second." }}
          className="max-w-72"
        />
        {isMany && <Lasts form={form} count={Math.min(count, AT_ONCE)} />}
        <FormActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton>{`Replay ${lettersOf(count)}`}</SubmitButton>
        </FormActions>
      </Form>
    </Dialog>
  );
}

function Lasts({ form: { control }, count }: { form: ReturnType<typeof useForm<Values>>; count: number }) {
  const rate = rateOf(useWatch({ control, name: "per_second" }));
  const seconds = rate === undefined || Number.isNaN(rate) ? 0 : (count - 1) / rate;
  return (
    <p role="status" className="text-muted empty:hidden">
      {seconds >= 1 && `The last of them begins after about ${lastsOf(seconds)}.`}
    </p>
  );
}
