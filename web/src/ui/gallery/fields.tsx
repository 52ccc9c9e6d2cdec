/** All fields, empty, filled, disabled and wrong. */
import { useState } from "react";
import { DateField } from "../date-field";
import { Disclosure } from "../disclosure";
import {
  CheckField,
  CheckGroup,
  CodeField,
  ComboField,
  PasswordField,
  RadioField,
  SearchField,
  SelectField,
  SwitchField,
  TextField,
} from "../field";
import { Card } from "../page";
import { HOSTILE, LONG_WORD, NAMES } from "./samples";

const ROLES = [
  { value: "owner", label: "Owner", description: "Everything, and ends the workspace." },
  { value: "admin", label: "Admin", description: "Manages people and settings." },
  { value: "agent", label: "Agent" },
];
const ZONES = Intl.supportedValuesOf("timeZone").map((zone) => ({ value: zone, label: zone.replaceAll("_", " ") }));
const ODD = NAMES.map((name, index) => ({ value: `${index}`, label: name || "No name" }));

export function Fields() {
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <Typed />
      <Chosen />
      <Ticked />
      <Wrong />
      <Seldom />
    </div>
  );
}

function Typed() {
  const [text, setText] = useState("");
  const [password, setPassword] = useState("correct horse");
  const [code, setCode] = useState("123");
  const [search, setSearch] = useState("ada");
  const [done, setDone] = useState("");
  return (
    <Card title="Typed">
      <TextField
        label="Name"
        required
        hint="As your colleagues know you."
        value={text}
        onChange={setText}
        maxLength={20}
      />
      <TextField
        label="Web address"
        type="url"
        mono
        value="https://example.com"
        onChange={setText}
        suffix={<span className="pe-2">.com</span>}
      />
      <TextField label="Disabled" disabled value={HOSTILE} onChange={setText} />
      <TextField label="Note" multiline value={`${LONG_WORD}\nمرحبا`} onChange={setText} />
      <PasswordField label="New password" strength value={password} onChange={setPassword} />
      <CodeField
        label="Code from your app"
        value={code}
        onChange={setCode}
        onComplete={setDone}
        hint={done && `Sent ${done}.`}
      />
      <SearchField label="Search users" value={search} onChange={setSearch} />
    </Card>
  );
}

function Chosen() {
  const [role, setRole] = useState("admin");
  const [zone, setZone] = useState("Europe/Zurich");
  const [odd, setOdd] = useState("");
  return (
    <Card title="Chosen">
      <SelectField label="Role" options={ROLES} value={role} onChange={setRole} hint="Takes effect at once." />
      <SelectField label="Empty role" options={ROLES} value="" onChange={setRole} />
      <SelectField label="Disabled role" options={ROLES} value="agent" onChange={setRole} disabled />
      <ComboField
        label="Time zone"
        options={ZONES}
        value={zone}
        onChange={setZone}
        hint={`Chosen: ${zone || "none"}`}
      />
      <ComboField label="Odd names" options={ODD} value={odd} onChange={setOdd} />
      <ComboField label="Disabled zone" options={ZONES} value="Asia/Tokyo" onChange={setZone} disabled />
    </Card>
  );
}

function Ticked() {
  const [on, setOn] = useState(true);
  const [role, setRole] = useState("admin");
  const [roles, setRoles] = useState(["agent"]);
  return (
    <Card title="Ticked">
      <CheckField label="Remember this device" hint="For 30 days." checked={on} onChange={setOn} />
      <CheckField label="Disabled" checked={on} onChange={setOn} disabled />
      <SwitchField
        label="Require a second factor"
        hint="Everybody is asked at the next log-in."
        checked={on}
        onChange={setOn}
      />
      <SwitchField label="Off and disabled" checked={false} onChange={setOn} disabled />
      <RadioField label="Role" options={ROLES} value={role} onChange={setRole} />
      <CheckGroup label="Scopes" options={ROLES} values={roles} onChange={setRoles} />
    </Card>
  );
}

function Wrong() {
  const [text, setText] = useState("");
  const ignore = () => undefined;
  return (
    <Card title="Wrong">
      <TextField
        label="Address"
        required
        value={text}
        onChange={setText}
        error="Fill in Address."
        hint="name@company.com"
      />
      <TextField label="Note" multiline value={text} onChange={setText} error="Too long by 12 characters." />
      <SelectField label="Role" options={ROLES} value="" onChange={ignore} error="Choose Role." />
      <ComboField label="Zone" options={ZONES} value="" onChange={ignore} error="Choose Zone." />
      <CheckField label="I have the owner's consent" checked={false} onChange={ignore} error="Tick this first." />
      <SwitchField label="Sign in with SSO only" checked onChange={ignore} error="Nobody could log in." />
      <RadioField label="Plan" options={ROLES} value="" onChange={ignore} error="Choose Plan." />
      <CheckGroup label="Channels" options={ROLES} values={[]} onChange={ignore} error="Choose Channels." />
    </Card>
  );
}

function Seldom() {
  const [day, setDay] = useState("");
  const isDay = (text: string) => text >= "1970";
  return (
    <Card title="Seldom needed">
      <Disclosure title="Closed">
        <TextField label="Own key" value="" onChange={setDay} />
      </Disclosure>
      <Disclosure title="Opened by a mistake" mustOpen>
        <DateField label="From" type="date" value={day} onChange={setDay} counts={isDay} />
        <DateField
          label="Until"
          type="datetime-local"
          value="2026-11-21T09:30"
          onChange={setDay}
          counts={isDay}
          error="This is not after the beginning."
        />
      </Disclosure>
    </Card>
  );
}
