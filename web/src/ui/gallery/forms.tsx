/** A form with every kind of field, and a server that takes or refuses it. */
import { useState } from "react";
import { useForm } from "react-hook-form";
import { ProblemError, Unreachable } from "@/lib/problems";
import { Button } from "../button";
import {
  Form,
  FormCheck,
  FormCheckGroup,
  FormCode,
  FormCombo,
  FormPassword,
  FormRadio,
  FormSelect,
  FormSwitch,
  FormText,
  SubmitButton,
} from "../form";
import { Card } from "../page";

const OPTIONS = [
  { value: "admin", label: "Admin" },
  { value: "agent", label: "Agent" },
];

const EMPTY = {
  name: "",
  email: "",
  password: "",
  code: "",
  role: "",
  zone: "",
  plan: "",
  scopes: [] as string[],
  consent: false,
  digest: true,
};

type Answer = "taken" | "refused" | "unreachable";

export function Forms() {
  const form = useForm({ defaultValues: EMPTY });
  const [answer, setAnswer] = useState<Answer>("taken");
  const [sent, setSent] = useState(0);
  const send = async () => {
    // As long as a server takes; a second press falls into it.
    await new Promise((resolve) => setTimeout(resolve, 400));
    if (answer === "unreachable") throw new Unreachable();
    if (answer === "refused") throw refusal();
    setSent(sent + 1);
  };
  return (
    <Card title="Form" description={`Taken ${sent} times.`}>
      <div role="group" aria-label="The server's answer" className="flex flex-wrap gap-2">
        {(["taken", "refused", "unreachable"] as const).map((kind) => (
          <Button
            key={kind}
            size="sm"
            aria-pressed={answer === kind}
            variant={answer === kind ? "primary" : "secondary"}
            onClick={() => setAnswer(kind)}
          >
            {kind}
          </Button>
        ))}
      </div>
      <Form form={form} onSubmit={send} aria-label="Sample" className="max-w-lg">
        <FormText name="name" label="Name" required />
        <FormText name="email" label="Address" type="email" required />
        <FormPassword name="password" label="Password" strength />
        <FormCode name="code" label="Code" />
        <FormSelect name="role" label="Role" options={OPTIONS} required />
        <FormCombo name="zone" label="Zone" options={OPTIONS} />
        <FormRadio name="plan" label="Plan" options={OPTIONS} required />
        <FormCheckGroup name="scopes" label="Scopes" options={OPTIONS} required />
        <FormCheck name="consent" label="I agree" required />
        <FormSwitch name="digest" label="Daily digest" />
        <SubmitButton>Save</SubmitButton>
      </Form>
    </Card>
  );
}

function refusal(): ProblemError {
  return new ProblemError({
    type: "about:blank",
    title: "Some fields are not right",
    status: 422,
    code: "invalid_fields",
    detail: "Two fields need another look.",
    advice: "Correct them and save again.",
    request_id: "req_0198c0ffee",
    errors: [
      { field: "email", message: "This address is taken." },
      { field: "scopes[0]", message: "Agents may not have this scope." },
      { field: "region", message: "The region is closed." },
    ],
  });
}
