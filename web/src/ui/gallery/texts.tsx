/** Names, times, marks and text for machines. */
import { CircleCheck, Clock, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { serverNow } from "@/lib/clock";
import { Avatar } from "../avatar";
import { Badge, Chip, FilterChip, type Tone } from "../badge";
import { CodeBlock, Copyable, Secret } from "../code";
import { Bdi, PersonName } from "../name";
import { Button } from "../button";
import { TextField } from "../field";
import { Card, DetailList } from "../page";
import { PlatformMark } from "../platform-mark";
import { QrCode } from "../qr";
import { DateTime, RelativeTime } from "../time";
import { HOSTILE, LONG_WORD, NAMES } from "./samples";

const TONES: Tone[] = ["neutral", "ok", "warn", "danger", "info", "accent"];
const ICONS = { ok: CircleCheck, warn: TriangleAlert, info: Clock } as const;
const PLATFORMS = ["facebook", "instagram", "x", "linkedin", "web_chat", "of_a_newer_server"];
const HOUR = 3_600_000;

export function Texts() {
  const now = serverNow().getTime();
  const ago = (ms: number) => new Date(now - ms).toISOString();
  return (
    <>
      <Marks />
      <Card title="Names">
        <ul className="grid gap-3 md:grid-cols-3">
          {NAMES.map((name) => (
            <li key={name} className="flex min-w-0 items-center gap-2">
              <Avatar name={name} />
              <PersonName name={name} email="someone@example.com" className="flex-1" />
            </li>
          ))}
        </ul>
        <p>
          Made by <Bdi>{NAMES[2]}</Bdi> (admin), 3 changes. <Bdi>{LONG_WORD}</Bdi>
        </p>
      </Card>
      <Card title="Platforms">
        <ul className="flex flex-wrap gap-3">
          {PLATFORMS.map((platform) => (
            <li key={platform} className="flex items-center gap-2">
              <PlatformMark platform={platform} />
              <PlatformMark platform={platform} size={20} />
              {platform}
            </li>
          ))}
        </ul>
      </Card>
      <Card title="Times and details">
        <DetailList
          items={[
            { term: "Now", detail: <RelativeTime at={ago(0)} /> },
            { term: "An hour ago", detail: <RelativeTime at={ago(HOUR)} /> },
            { term: "Next week", detail: <RelativeTime at={ago(-170 * HOUR)} /> },
            { term: "Exact", detail: <DateTime at={ago(0)} /> },
            { term: "No time", detail: <RelativeTime at="not a time" /> },
            { term: "Markup", detail: HOSTILE },
            { term: "Id", detail: <Copyable label="user id" text="user_0198c0ffee0000aa" /> },
            { term: "Long id", detail: <Copyable label="long id" text={LONG_WORD} /> },
          ]}
        />
      </Card>
      <Card title="Code">
        <CodeBlock
          label="Ask the API"
          text={`curl -H 'Authorization: Bearer …' \\\n  https://hub.example.com/api/v1/users?${LONG_WORD}`}
          copy
        />
        <CodeBlock text={`{ "note": "${LONG_WORD}" }`} wrap />
        <Secret label="API key" text="sk_live_0198c0ffee0000aa_ffffffffffffffffffffffff" />
        <QrCode
          value="otpauth://totp/SocialAI:ada?secret=JBSWY3DPEHPK3PXP"
          label="QR code for your authenticator app"
        />
      </Card>
    </>
  );
}

function Marks() {
  const [role, setRole] = useState<string | null>("admin");
  const [actor, setActor] = useState<string | null>(null);
  return (
    <Card title="Marks">
      <div className="flex flex-wrap items-center gap-2">
        {TONES.map((tone) => (
          <Badge key={tone} tone={tone} icon={tone in ICONS ? ICONS[tone as keyof typeof ICONS] : undefined}>
            {tone}
          </Badge>
        ))}
        <Badge className="max-w-40">{LONG_WORD}</Badge>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <Chip>users:read</Chip>
        <Chip onRemove={() => undefined}>audit:read</Chip>
        <FilterChip
          label="Role"
          value={role}
          options={[
            { value: "admin", label: "Admin" },
            { value: "agent", label: "Agent" },
          ]}
          onChange={setRole}
          onClear={() => setRole(null)}
        />
        <FilterChip label="Actor" value={actor} onClear={() => setActor(null)}>
          {(close) => <ActorForm choose={setActor} close={close} />}
        </FilterChip>
      </div>
    </Card>
  );
}

function ActorForm({ choose, close }: { choose: (name: string) => void; close: () => void }) {
  const [name, setName] = useState("");
  const apply = () => {
    choose(name);
    close();
  };
  return (
    <>
      <TextField label="Name" value={name} onChange={setName} />
      <Button variant="primary" onClick={apply}>
        Apply
      </Button>
    </>
  );
}
