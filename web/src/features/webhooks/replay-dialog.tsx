/** Sending the deliveries of a time window again. */
import { useState } from "react";
import { useForm } from "react-hook-form";

import { runActivity } from "@/lib/activity";
import { serverNow } from "@/lib/clock";
import { formatNumber } from "@/lib/format";
import { idempotencyKeys } from "@/lib/idempotency";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Form, FormCheckGroup, FormCombo, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";
import { toast } from "@/ui/toast";

import { localText, momentOf } from "./delivery-filter";
import { replayWindow, useWebhookEvents, type DeliveryState, type Endpoint } from "./queries";

const STATES: { value: DeliveryState; label: string; description?: string }[] = [
  { value: "failed", label: "Failed", description: "Given up after the last attempt." },
  { value: "held", label: "Held", description: "Left from when the endpoint was switched off." },
  { value: "delivered", label: "Delivered", description: "Your system had them already and drops what it knows." },
];

interface Values {
  from: string;
  until: string;
  event: string;
  states: DeliveryState[];
}

type Window = Parameters<typeof replayWindow>[0];

const DAY_MS = 86_400_000;

export function ReplayDialog({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Send deliveries again"
      description="Those of events in this time, the oldest first, under the same ids. What is on its way is left alone."
    >
      {endpoint.enabled ? (
        <ReplayForm endpoint={endpoint} onClose={onClose} />
      ) : (
        <p>The endpoint is switched off. Switch it on first.</p>
      )}
    </Dialog>
  );
}

function ReplayForm({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  const [keyOf] = useState(idempotencyKeys);
  const { data: events = [] } = useWebhookEvents();
  const [now] = useState(serverNow);
  const form = useForm<Values>({
    defaultValues: {
      from: localText(new Date(now.getTime() - DAY_MS)),
      // To the minute, so the running one is part of it.
      until: localText(new Date(now.getTime() + 60_000)),
      event: "",
      states: ["failed", "held"],
    },
  });
  const submit = async ({ from, until, event, states }: Values) => {
    const window: Window = {
      endpoint_id: endpoint.id,
      from: momentOf(from)?.toISOString() ?? from,
      until: momentOf(until)?.toISOString() ?? until,
      states,
      ...(event && { event }),
    };
    const { replayed, next_from: more } = await replayWindow(window, keyOf(window));
    onClose();
    if (more) void sendRest({ ...window, from: more }, replayed);
    else toast(outcome(replayed));
  };
  const isMoment = (text: unknown) => momentOf(String(text)) !== undefined || "Type a date and a time.";
  const options = [{ value: "", label: "Every event" }, ...names(events).map((name) => ({ value: name, label: name }))];
  return (
    <Form form={form} onSubmit={submit} className="flex-1">
      <div className="grid gap-4 md:grid-cols-2">
        <FormText<Values> name="from" label="From" type="datetime-local" required rules={{ validate: isMoment }} />
        <FormText<Values> name="until" label="Before" type="datetime-local" required rules={{ validate: isMoment }} />
      </div>
      <FormCombo<Values> name="event" label="Event" options={options} />
      <FormCheckGroup<Values> name="states" label="Which of them?" options={STATES} required />
      <FormActions>
        <Button onClick={onClose}>Cancel</Button>
        <SubmitButton>Send them again</SubmitButton>
      </FormActions>
    </Form>
  );
}

/** One request sends ten thousand; the rest goes on in the background. */
async function sendRest(window: Window, already: number): Promise<void> {
  let sent = already;
  await runActivity("Send deliveries again", async (report) => {
    for (let from: string | null | undefined = window.from; from;) {
      report(`${formatNumber(sent)} are on their way.`);
      const rest = { ...window, from };
      const answer = await replayWindow(rest, idempotencyKeys()(rest));
      sent += answer.replayed;
      from = answer.next_from;
    }
    return { done: outcome(sent).title };
  });
}

function outcome(count: number) {
  if (count === 0) return { title: "There was nothing to send again", description: "No delivery of that time fits." };
  const what = count === 1 ? "1 delivery is" : `${formatNumber(count)} deliveries are`;
  return { title: `${what} on the way again`, tone: "ok" as const };
}

const names = (events: { name: string }[]): string[] => [...new Set(events.map(({ name }) => name))];
