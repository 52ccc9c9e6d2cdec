/** Buttons, links and keys. */
import { Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { Button, IconButton, LinkButton, type ButtonVariant } from "../button";
import { Card } from "../page";
import { Kbd } from "../kbd";
import { TextLink } from "../text-link";
import { LONG_WORD } from "./samples";

const VARIANTS: ButtonVariant[] = ["primary", "secondary", "ghost", "danger"];

export function Buttons() {
  const [loading, setLoading] = useState(false);
  return (
    <>
      {VARIANTS.map((variant) => (
        <Card key={variant} title={variant}>
          <div className="flex flex-wrap items-center gap-2">
            <Button variant={variant}>Save</Button>
            <Button variant={variant} icon={Plus}>
              Invite
            </Button>
            <Button variant={variant} size="sm">
              Small
            </Button>
            <Button variant={variant} disabled>
              Disabled
            </Button>
            <Button variant={variant} loading>
              Loading
            </Button>
            <IconButton variant={variant} label={`Edit ${variant}`} icon={Pencil} />
            <IconButton variant={variant} size="sm" label={`Remove ${variant}`} icon={Trash2} />
            <IconButton variant={variant} label={`Removing ${variant}`} icon={Trash2} loading />
            <LinkButton variant={variant} to="?part=buttons" icon={Plus}>
              Link
            </LinkButton>
          </div>
        </Card>
      ))}
      <Card title="Behaviour" description="Loading keeps the width and the focus.">
        <div className="flex flex-wrap items-center gap-2">
          <Button variant="primary" loading={loading} onClick={() => setLoading(true)}>
            Start the export
          </Button>
          <Button onClick={() => setLoading(false)}>Stop</Button>
          <Button className="max-w-60">
            <span className="truncate">{LONG_WORD}</span>
          </Button>
        </div>
      </Card>
      <Card title="Links and keys">
        <p>
          A link <TextLink to="?part=texts">inside the app</TextLink>, one{" "}
          <TextLink href="https://example.com">out of it</TextLink>, and the keys <Kbd>mod+k</Kbd> and <Kbd>?</Kbd>.
        </p>
      </Card>
    </>
  );
}
