/** Adding an endpoint, or changing one. */
import { useState } from "react";
import { useForm, useFormContext } from "react-hook-form";

import { idempotencyKeys } from "@/lib/idempotency";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Disclosure } from "@/ui/disclosure";
import { Form, FormSwitch, FormText, SubmitButton } from "@/ui/form";
import { FormActions } from "@/ui/form-actions";
import { toast } from "@/ui/toast";

import { EventPicker } from "./event-picker";
import { addEndpoint, changeEndpoint, type Endpoint, type Made } from "./queries";

/** Named as the server names them, so that what it complains about finds its field. */
export interface EndpointValues {
  name: string;
  url: string;
  preset: "*" | "chosen";
  events: string[];
  is_ordered: boolean;
  secret: string;
}

interface Props {
  /** The one that is changed; without it one is added. */
  endpoint?: Endpoint;
  onClose: () => void;
  onMade?: (made: Made) => void;
}

export function EndpointDialog(props: Props) {
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && props.onClose()}
      title={props.endpoint ? "Change the endpoint" : "New endpoint"}
      description={props.endpoint ? undefined : "A system that is told of events by a signed request for each."}
    >
      <EndpointForm {...props} />
    </Dialog>
  );
}

function EndpointForm({ endpoint, onClose, onMade }: Props) {
  const [keyOf] = useState(idempotencyKeys);
  const form = useForm<EndpointValues>({ defaultValues: valuesOf(endpoint) });
  const submit = async ({ name, url, preset, events, is_ordered, secret }: EndpointValues) => {
    const body = { name: name.trim(), url: url.trim(), events: preset === "*" ? ["*"] : events, is_ordered };
    if (!endpoint) {
      const fresh = { ...body, ...(secret.trim() && { secret: secret.trim() }) };
      return onMade?.(await addEndpoint(fresh, keyOf(fresh)));
    }
    await changeEndpoint(endpoint.id, changed(endpoint, body));
    toast({ title: "The endpoint is changed", tone: "ok" });
    return onClose();
  };
  return (
    <Form form={form} onSubmit={submit} className="flex-1">
      <FormText<EndpointValues>
        name="name"
        label="Name"
        hint="Which system it is, for whoever looks at this list."
        placeholder="Orders"
        required
        maxLength={100}
      />
      <FormText<EndpointValues>
        name="url"
        label="Address"
        inputMode="url"
        dir="ltr"
        spellCheck={false}
        autoComplete="off"
        placeholder="https://example.com/hooks"
        required
        maxLength={2048}
      />
      <EventPicker />
      <FormSwitch<EndpointValues>
        name="is_ordered"
        label="In order"
        hint="Events about the same thing arrive one after the other; while one of them fails, those behind it wait."
      />
      {!endpoint && <OwnSecret />}
      <FormActions>
        <Button onClick={onClose}>Cancel</Button>
        <SubmitButton>{endpoint ? "Save" : "Add 1 endpoint"}</SubmitButton>
      </FormActions>
    </Form>
  );
}

/** For a system that has its secret already; an endpoint gets another one by rotating it. */
function OwnSecret() {
  const { formState } = useFormContext<EndpointValues>();
  return (
    <Disclosure title="Advanced" mustOpen={formState.errors.secret !== undefined}>
      <FormText<EndpointValues>
        name="secret"
        label="Own signing secret"
        hint="whsec_ and 24 to 64 bytes in base64, when your system has one already. Left empty, one is made."
        dir="ltr"
        mono
        spellCheck={false}
        autoComplete="off"
        maxLength={100}
      />
    </Disclosure>
  );
}

function valuesOf(endpoint: Endpoint | undefined): EndpointValues {
  if (!endpoint) return { name: "", url: "", preset: "*", events: [], is_ordered: false, secret: "" };
  const { name, url, events, is_ordered } = endpoint;
  const isAll = events.includes("*");
  return { name, url, preset: isAll ? "*" : "chosen", events: isAll ? [] : events, is_ordered, secret: "" };
}

/** Only what is different: what somebody else changes meanwhile stays. */
function changed(endpoint: Endpoint, wanted: Pick<Endpoint, "name" | "url" | "events" | "is_ordered">) {
  const differs = (name: keyof typeof wanted) => JSON.stringify(endpoint[name]) !== JSON.stringify(wanted[name]);
  return {
    ...(differs("name") && { name: wanted.name }),
    ...(differs("url") && { url: wanted.url }),
    ...(differs("events") && { events: wanted.events }),
    ...(differs("is_ordered") && { is_ordered: wanted.is_ordered }),
  };
}
