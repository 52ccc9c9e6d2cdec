/** One key: what it may do, who made it, whether it is in use, and its end. */
import { Ban, KeyRound, Repeat } from "lucide-react";
import type { ReactNode } from "react";

import { serverNow } from "@/lib/clock";
import { hasCode } from "@/lib/problems";
import { useCan } from "@/lib/session";
import { Button } from "@/ui/button";
import { Copyable } from "@/ui/code";
import { Bdi } from "@/ui/name";
import { DetailList, Section } from "@/ui/page";
import { EmptyState, ErrorState, ProblemAlert } from "@/ui/problem";
import { Sheet } from "@/ui/sheet";
import { Delayed, SkeletonText } from "@/ui/skeleton";
import { TextLink } from "@/ui/text-link";
import { DateTime, RelativeTime } from "@/ui/time";

import { KeyMark } from "./key-mark";
import { canRotate, isAlive, stateOf } from "./key-state";
import { useApiKeyOfId, useMaker, usePermissions, type ApiKey } from "./queries";
import { granted, unknown } from "./scopes";

interface Actions {
  onRotate: (key: ApiKey) => void;
  onRevoke: (key: ApiKey) => void;
}

export function KeyPanel({ id, onClose, ...actions }: Actions & { id: string; onClose: () => void }) {
  const key = useApiKeyOfId(id);
  return (
    <Sheet open onOpenChange={(open) => !open && onClose()} title="API key">
      {hasCode(key.error, "not_found", "malformed_parameter") ? (
        <EmptyState icon={KeyRound} title="There is no such key here" text="It may belong to another workspace." />
      ) : key.data ? (
        <div className="flex flex-col gap-6">
          {key.error && <ProblemAlert error={key.error} onRetry={() => void key.refetch()} />}
          <Details apiKey={key.data} {...actions} />
        </div>
      ) : key.error ? (
        <ErrorState error={key.error} onRetry={() => void key.refetch()} />
      ) : (
        <Delayed>
          <SkeletonText lines={8} />
        </Delayed>
      )}
    </Sheet>
  );
}

function Details({ apiKey, onRotate, onRevoke }: Actions & { apiKey: ApiKey }) {
  const mayManage = useCan("api_keys:manage");
  const state = stateOf(apiKey, serverNow());
  return (
    <>
      <h3 className="text-lg font-semibold">
        <Bdi>{apiKey.name}</Bdi>
      </h3>
      <Facts apiKey={apiKey} />
      <Scopes scopes={apiKey.scopes} />
      {mayManage && isAlive(state) && (
        <div className="flex flex-wrap gap-2">
          {canRotate(state) && (
            <Button icon={Repeat} onClick={() => onRotate(apiKey)}>
              Rotate…
            </Button>
          )}
          <Button variant="danger" icon={Ban} onClick={() => onRevoke(apiKey)}>
            Revoke…
          </Button>
        </div>
      )}
    </>
  );
}

function Facts({ apiKey }: { apiKey: ApiKey }) {
  const { prefix, expires_at: ends, last_used_at: used, revoked_at: revoked, rotated_to: successor } = apiKey;
  const items: { term: string; detail: ReactNode }[] = [
    { term: "State", detail: <KeyMark apiKey={apiKey} /> },
    { term: "Key", detail: <Copyable text={prefix} label="what is shown of the key" className="-ms-1" /> },
    { term: "Last used", detail: used ? <RelativeTime at={used} /> : "Never" },
    ...(revoked
      ? [{ term: "Revoked", detail: <DateTime at={revoked} /> }]
      : [{ term: "Ends", detail: ends ? <DateTime at={ends} /> : "Never" }]),
    { term: "Made", detail: <DateTime at={apiKey.created_at} /> },
    { term: "Made by", detail: <Maker actor={apiKey.created_by} /> },
    ...(successor
      ? [
          {
            term: "Rotated to",
            detail: <TextLink to={`?key=${encodeURIComponent(successor)}`}>its successor</TextLink>,
          },
        ]
      : []),
    { term: "Id", detail: <Copyable text={apiKey.id} label="id" className="-ms-1" /> },
  ];
  return <DetailList items={items} />;
}

function Maker({ actor }: { actor: string }) {
  const maker = useMaker(actor, useCan("users:read"));
  if (!maker.data) return <span className="font-mono text-dense wrap-anywhere">{actor}</span>;
  return (
    <TextLink to={`/settings/users?user=${encodeURIComponent(actor)}`}>
      <Bdi>{maker.data.name}</Bdi>
    </TextLink>
  );
}

function Scopes({ scopes }: { scopes: string[] }) {
  const { data: permissions = [] } = usePermissions();
  const strange = permissions.length > 0 ? unknown(scopes, permissions) : [];
  return (
    <Section title="What it may do">
      <ul className="flex list-disc flex-col gap-1 ps-5">
        {granted(scopes, permissions).map(({ name, description }) => (
          <li key={name}>{description}</li>
        ))}
      </ul>
      <p className="text-dense text-muted">
        Scopes: <span className="font-mono wrap-anywhere">{scopes.join(" ")}</span>
        {strange.length > 0 && ` (${strange.join(", ")} grants nothing here)`}
      </p>
    </Section>
  );
}
