/** The difference view. */
import { Difference } from "../diff";
import { Copyable } from "../code";
import { Card } from "../page";
import { HOSTILE, LONG_WORD } from "./samples";

const BEFORE = {
  name: "Ada",
  role: "agent",
  scopes: ["users:read", "audit:read"],
  policy: { max_age_days: 30, require_mfa: false, hosts: [{ name: "a", port: 1 }] },
  note: null,
  old: "gone",
};
const AFTER = {
  name: "Ada",
  role: "admin",
  scopes: ["audit:read", "users:manage"],
  policy: { max_age_days: 90, require_mfa: true, hosts: [{ port: 1, name: "a" }] },
  note: `${HOSTILE}\n${LONG_WORD}`,
  greeting: "مرحبا بالعالم",
};

export function Changes() {
  return (
    <>
      <Card title="Changed" actions={<Copyable label="entry id" text="entry_0198c0ffee" />}>
        <Difference before={BEFORE} after={AFTER} />
      </Card>
      <Card title="Created">
        <Difference before={null} after={{ name: "Ada", roles: ["admin"] }} />
      </Card>
      <Card title="Nothing changed">
        <Difference before={BEFORE} after={{ ...BEFORE }} />
      </Card>
    </>
  );
}
