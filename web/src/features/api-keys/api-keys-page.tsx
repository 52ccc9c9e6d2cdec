/** Keys with which programs work in this workspace. */
import { KeyRound, Plus, SearchX } from "lucide-react";
import { useRef, useState } from "react";
import { useSearchParams } from "react-router";

import { useCan } from "@/lib/session";
import { useShortcuts } from "@/lib/shortcuts";
import { Button } from "@/ui/button";
import { ListNews } from "@/ui/list-news";
import { Page } from "@/ui/page";
import { EmptyState, ErrorState, NoPermission, ProblemAlert } from "@/ui/problem";
import { SearchParamField } from "@/ui/search-param-field";

import { KeyDialog } from "./key-form";
import { KeyPanel } from "./key-panel";
import { KeyTable } from "./key-table";
import { useApiKeys, type ApiKey, type Made } from "./queries";
import { RevokeDialog } from "./revoke-dialog";
import { RotateDialog } from "./rotate-dialog";
import { SecretDialog } from "./secret-dialog";
import { visiblePart } from "./visible-part";

export function Component() {
  return useCan("api_keys:read") ? (
    <ApiKeys />
  ) : (
    <Page title="API keys">
      <NoPermission what="see the API keys" />
    </Page>
  );
}

function ApiKeys() {
  const mayManage = useCan("api_keys:manage");
  const [params, setParams] = useSearchParams();
  const search = useRef<HTMLInputElement>(null);
  const [rotating, setRotating] = useState<ApiKey>();
  const [revoking, setRevoking] = useState<ApiKey>();
  const [made, setMade] = useState<{ made: Made; replaces?: ApiKey | undefined }>();
  const show = (name: "key" | "new", value: string) =>
    setParams((before) => new URLSearchParams([...without(before), [name, value]]));
  const close = () => setParams((before) => without(before), { replace: true });
  const create = () => show("new", "");
  useShortcuts("API keys", [
    { keys: "/", does: "Search", run: () => search.current?.focus() },
    ...(mayManage ? [{ keys: "n", does: "New API key", run: create }] : []),
  ]);
  const button = (
    <Button variant="primary" icon={Plus} onClick={create}>
      New API key
    </Button>
  );
  const opened = params.get("key");
  const filters = (
    <SearchParamField
      ref={search}
      param="prefix"
      label="Search API keys"
      placeholder="Part of a key, as in a log"
      clean={visiblePart}
      className="w-full md:w-72"
    />
  );
  return (
    <Page title="API keys" actions={mayManage && button} filters={filters}>
      <List
        onOpen={(id) => show("key", id)}
        onCreate={mayManage ? create : undefined}
        onRotate={setRotating}
        onRevoke={setRevoking}
      />
      {opened && (
        <KeyPanel
          id={opened}
          onClose={close}
          onRotate={(key) => {
            close();
            setRotating(key);
          }}
          onRevoke={(key) => {
            close();
            setRevoking(key);
          }}
        />
      )}
      <KeyDialog
        open={mayManage && params.has("new")}
        onClose={close}
        onMade={(fresh) => {
          close();
          setMade({ made: fresh });
        }}
      />
      {rotating && (
        <RotateDialog
          apiKey={rotating}
          onClose={() => setRotating(undefined)}
          onMade={(fresh) => {
            setRotating(undefined);
            setMade({ made: fresh, replaces: rotating });
          }}
        />
      )}
      {revoking && <RevokeDialog apiKey={revoking} onClose={() => setRevoking(undefined)} />}
      {made && <SecretDialog {...made} onClose={() => setMade(undefined)} />}
    </Page>
  );
}

/** The page with nothing opened on it. */
function without(params: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...params].filter(([name]) => name !== "key" && name !== "new"));
}

interface ListProps {
  onOpen: (id: string) => void;
  onCreate: (() => void) | undefined;
  onRotate: (key: ApiKey) => void;
  onRevoke: (key: ApiKey) => void;
}

function List({ onCreate, ...actions }: ListProps) {
  const [params, setParams] = useSearchParams();
  const prefix = params.get("prefix")?.trim().slice(0, 40) || undefined;
  const keys = useApiKeys(prefix, true);
  if (keys.error && keys.rows.length === 0) {
    return <ErrorState error={keys.error} onRetry={() => void keys.refetch()} />;
  }
  if (keys.isSuccess && keys.rows.length === 0 && !keys.isPlaceholderData) {
    return prefix === undefined ? (
      <NoKeys onCreate={onCreate} />
    ) : (
      <EmptyState
        icon={SearchX}
        title="No key matches"
        text="Of each key only eight characters can be seen and searched for; the list shows them."
        action={<Button onClick={() => setParams({}, { replace: true })}>Show all keys</Button>}
      />
    );
  }
  return (
    <>
      {keys.error && <ProblemAlert error={keys.error} onRetry={() => void keys.refetch()} />}
      <ListNews list={keys} />
      <KeyTable keys={keys} {...actions} />
    </>
  );
}

function NoKeys({ onCreate }: { onCreate: (() => void) | undefined }) {
  return (
    <EmptyState
      icon={KeyRound}
      title="No program works here yet"
      text="With an API key a program reads and changes what its scopes allow, without a person's log-in."
      action={
        onCreate && (
          <Button icon={Plus} onClick={onCreate}>
            Make the first key
          </Button>
        )
      }
      guide={{ href: "/docs/", label: "API description" }}
    />
  );
}
