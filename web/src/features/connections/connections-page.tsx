/** Connections: the accounts through which people write to the workspace, how each is, and what can be connected. */
import { Plug, Plus } from "lucide-react";
import { useState } from "react";
import { useNavigate, useSearchParams } from "react-router";

import { withParams } from "@/lib/address";
import { useCan } from "@/lib/session";
import { useShortcuts } from "@/lib/shortcuts";
import { Button } from "@/ui/button";
import { Page, Section } from "@/ui/page";
import { EmptyState, ErrorState, NoPermission, ProblemAlert } from "@/ui/problem";
import { Delayed, Skeleton } from "@/ui/skeleton";

import { AccountCard } from "./account-card";
import { AppDialog } from "./app-dialog";
import { ConnectDialog } from "./connect-dialog";
import { DisconnectDialog } from "./disconnect-dialog";
import { asksForGaps, inOrder, summaryOf } from "./health";
import { PickerDialog } from "./picker-dialog";
import { PlatformSection } from "./platform-list";
import { useAccounts, usePlatforms, type Account, type WidgetMade } from "./queries";
import { ReturnNote } from "./return-note";
import { returnOf, withoutReturn } from "./returns";
import { WidgetMadeDialog } from "./widget-made-dialog";

const TITLE = "Connections";

export function Component() {
  return useCan("channels:read") ? (
    <Connections />
  ) : (
    <Page title={TITLE}>
      <NoPermission what="see the connected accounts" />
    </Page>
  );
}

/** What is open over the page; it lives in the address. */
function useOpened() {
  const [params, setParams] = useSearchParams();
  const close = () =>
    setParams((before) => withParams(withoutReturn(before), { new: undefined, app: undefined }), { replace: true });
  return {
    back: returnOf(params),
    /** Present and empty as long as no platform is chosen. */
    adding: params.get("new") ?? undefined,
    app: params.get("app") ?? undefined,
    add: (platform: string) =>
      setParams((before) => {
        const rest = withParams(withoutReturn(before), { new: undefined, app: undefined });
        return new URLSearchParams([...rest, ["new", platform]]);
      }),
    choose: (platform: string) => setParams((before) => withParams(before, { new: platform }), { replace: true }),
    openApp: (app: string) => setParams((before) => withParams(withoutReturn(before), { new: undefined, app })),
    close,
  };
}

function Connections() {
  const mayManage = useCan("channels:manage");
  const opened = useOpened();
  const { back, add, close } = opened;
  useShortcuts(TITLE, mayManage ? [{ keys: "n", does: "Connect an account", run: () => add("") }] : []);
  return (
    <Page
      title={TITLE}
      actions={
        mayManage && (
          <Button variant="primary" icon={Plus} onClick={() => add("")}>
            Connect an account
          </Button>
        )
      }
      className="gap-8"
    >
      {back && "error" in back && (
        <ReturnNote {...back} onRetry={mayManage ? () => add(back.platform) : undefined} onClose={close} />
      )}
      <Accounts onAdd={mayManage ? () => add("") : undefined} />
      <PlatformSection actions={mayManage ? { onConnect: add, onApp: opened.openApp } : undefined} />
      {mayManage && <Dialogs opened={opened} />}
    </Page>
  );
}

function Dialogs({ opened }: { opened: ReturnType<typeof useOpened> }) {
  const navigate = useNavigate();
  const [made, setMade] = useState<WidgetMade>();
  const { data: platforms } = usePlatforms();
  const { back, adding, app, add, choose, openApp, close } = opened;
  const appOf = platforms?.find(({ platform }) => platform === app);
  const keep = (fresh: WidgetMade) => {
    close();
    setMade(fresh);
  };
  return (
    <>
      {adding !== undefined && (
        <ConnectDialog chosen={adding} onChoose={choose} onApp={openApp} onMade={keep} onClose={close} />
      )}
      {appOf && <AppDialog platform={appOf} onClose={close} />}
      {back && "connection" in back && (
        <PickerDialog
          key={back.connection}
          platform={back.platform}
          connection={back.connection}
          onRetry={() => add(back.platform)}
          onClose={close}
        />
      )}
      {made && <WidgetMadeDialog made={made} onClose={() => void navigate(`/connections/${made.id}`)} />}
    </>
  );
}

function Accounts({ onAdd }: { onAdd: (() => void) | undefined }) {
  const { data: accounts, error, refetch } = useAccounts();
  const [leaving, setLeaving] = useState<Account>();
  if (!accounts) {
    if (error) return <ErrorState error={error} onRetry={() => void refetch()} />;
    return (
      <Delayed>
        <div className={GRID}>
          <Skeleton className="h-52 rounded-card" />
          <Skeleton className="h-52 rounded-card" />
        </div>
      </Delayed>
    );
  }
  if (accounts.length === 0) return <NoAccounts onAdd={onAdd} />;
  return (
    <Section title="Accounts" description={summaryOf(accounts)}>
      {error && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      <ul aria-label="Accounts" className={GRID}>
        {inOrder(accounts).map((account) => (
          <AccountCard
            key={account.id}
            account={account}
            asksForGaps={asksForGaps(account, accounts.length)}
            onDisconnect={onAdd && (() => setLeaving(account))}
          />
        ))}
      </ul>
      {leaving && <DisconnectDialog account={leaving} onClose={() => setLeaving(undefined)} />}
    </Section>
  );
}

const GRID = "grid gap-4 md:grid-cols-2 xl:grid-cols-3";

function NoAccounts({ onAdd }: { onAdd: (() => void) | undefined }) {
  return (
    <EmptyState
      icon={Plug}
      title="Nobody can write to you here yet"
      text="Connect a page, a profile or an organisation, or put a chat on your website: the chat works within a minute and needs no account anywhere. The guides docs/connect-….md lead through each platform's console."
      action={
        onAdd ? (
          <Button icon={Plus} onClick={onAdd}>
            Connect the first account
          </Button>
        ) : (
          <p className="text-muted">An admin of this workspace can connect one.</p>
        )
      }
      guide={onAdd && { to: "/connections?new=web_chat", label: "Begin with a chat on your website" }}
      className="flex-none py-8"
    />
  );
}
