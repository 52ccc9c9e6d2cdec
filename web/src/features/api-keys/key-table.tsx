/** The list of API keys. */
import { Ban, Copy, PanelRightOpen, Repeat } from "lucide-react";
import { useSearchParams } from "react-router";

import { copyText } from "@/lib/browser";
import { serverNow } from "@/lib/clock";
import { useCan } from "@/lib/session";
import type { MenuItem } from "@/ui/menu";
import { Bdi } from "@/ui/name";
import { DataTable, type Column } from "@/ui/table";
import { RelativeTime } from "@/ui/time";
import { toast } from "@/ui/toast";

import { KeyMark } from "./key-mark";
import { canRotate, isAlive, stateOf } from "./key-state";
import type { ApiKey, useApiKeys } from "./queries";

const COLUMNS: Column<ApiKey>[] = [
  { id: "name", header: "Name", cell: ({ name }) => <Truncated text={name} /> },
  { id: "prefix", header: "Key", width: 128, cell: ({ prefix }) => <Prefix text={prefix} /> },
  { id: "scopes", header: "May", optional: true, cell: ({ scopes }) => <Truncated text={wordsOf(scopes)} /> },
  { id: "state", header: "State", width: 184, cell: (key) => <KeyMark apiKey={key} /> },
  { id: "used", header: "Last used", width: 120, optional: true, cell: (key) => <LastUsed apiKey={key} /> },
  {
    id: "expires",
    header: "Ends",
    width: 120,
    hiddenByDefault: true,
    cell: ({ expires_at: at }) => (at ? <RelativeTime at={at} /> : <span className="text-muted">Never</span>),
  },
  {
    id: "created",
    header: "Made",
    width: 120,
    hiddenByDefault: true,
    cell: ({ created_at: at }) => <RelativeTime at={at} />,
  },
];

const SPECIAL: Record<string, string> = { "*": "everything", "*:read": "read everything" };

export const wordsOf = (scopes: string[]): string => scopes.map((scope) => SPECIAL[scope] ?? scope).join(", ");

interface Props {
  keys: ReturnType<typeof useApiKeys>;
  onOpen: (id: string) => void;
  onRotate: (key: ApiKey) => void;
  onRevoke: (key: ApiKey) => void;
}

export function KeyTable({ keys, onOpen, onRotate, onRevoke }: Props) {
  const [params] = useSearchParams();
  const mayManage = useCan("api_keys:manage");
  const menu = (key: ApiKey): MenuItem[] => {
    const state = stateOf(key, serverNow());
    return [
      { label: "Open", icon: PanelRightOpen, onSelect: () => onOpen(key.id) },
      { label: "Copy what is shown of it", icon: Copy, onSelect: () => void copyPrefix(key.prefix) },
      ...(mayManage && canRotate(state)
        ? (["separator", { label: "Rotate…", icon: Repeat, onSelect: () => onRotate(key) }] satisfies MenuItem[])
        : []),
      ...(mayManage && isAlive(state)
        ? [{ label: "Revoke…", icon: Ban, danger: true, onSelect: () => onRevoke(key) }]
        : []),
    ];
  };
  return (
    <DataTable
      label="API keys"
      rows={keys.rows}
      columns={COLUMNS}
      rowKey={({ id }) => id}
      onRowOpen={({ id }) => onOpen(id)}
      selected={params.get("key")}
      loading={keys.isPending || keys.isPlaceholderData}
      fetchNextPage={keys.fetchNextPage}
      hasNextPage={keys.hasNextPage}
      isFetchingNextPage={keys.isFetchingNextPage}
      storageKey="api-keys"
      rowMenu={menu}
      cards={keyCard}
    />
  );
}

async function copyPrefix(prefix: string): Promise<void> {
  const copied = await copyText(prefix);
  toast(
    copied
      ? { title: "Copied", description: "Look for it in your programs' settings.", tone: "ok" }
      : { title: "This browser does not let the page copy", description: prefix },
  );
}

function Truncated({ text }: { text: string }) {
  return (
    <Bdi className="block truncate" title={text}>
      {text}
    </Bdi>
  );
}

const Prefix = ({ text }: { text: string }) => <span className="font-mono">{text}</span>;

function LastUsed({ apiKey }: { apiKey: ApiKey }) {
  return apiKey.last_used_at ? <RelativeTime at={apiKey.last_used_at} /> : <span className="text-muted">Never</span>;
}

function KeyCard({ apiKey }: { apiKey: ApiKey }) {
  return (
    <span className="flex min-w-0 flex-col gap-1.5">
      <span className="truncate font-medium" title={apiKey.name}>
        <Bdi>{apiKey.name}</Bdi>
      </span>
      <span className="flex flex-wrap items-center gap-x-3 gap-y-1 text-dense">
        <KeyMark apiKey={apiKey} />
        <Prefix text={apiKey.prefix} />
      </span>
      <span className="text-dense text-muted">
        {apiKey.last_used_at ? (
          <>
            Used <RelativeTime at={apiKey.last_used_at} />
          </>
        ) : (
          "Not used yet"
        )}
      </span>
    </span>
  );
}

const keyCard = (key: ApiKey) => <KeyCard apiKey={key} />;
