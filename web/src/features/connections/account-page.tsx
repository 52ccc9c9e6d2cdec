/** One account: how it is, where messages may be missing, and what is decided for it. */
import { Plug, Unplug } from "lucide-react";
import { useState } from "react";
import { useParams } from "react-router";

import { platformTitle } from "@/lib/platforms";
import { hasCode } from "@/lib/problems";
import { useCan } from "@/lib/session";
import { Button, LinkButton } from "@/ui/button";
import { Card, Page } from "@/ui/page";
import { PlatformMark } from "@/ui/platform-mark";
import { EmptyState, ErrorState, NoPermission, ProblemAlert } from "@/ui/problem";
import { Delayed, SkeletonText } from "@/ui/skeleton";

import { MendButton, Reason } from "./account-card";
import { AccountFacts } from "./account-facts";
import { AccountForm } from "./account-form";
import { DisconnectDialog } from "./disconnect-dialog";
import { GapList } from "./gap-list";
import { StateMark } from "./marks";
import { useAccount, type Gap } from "./queries";
import { WidgetSection } from "./widget-section";

const LIST = "/connections";
const TITLE = "Connections";

export function Component() {
  const { id = "" } = useParams();
  return useCan("channels:read") ? (
    <AccountPage key={id} id={id} />
  ) : (
    <Page title={TITLE}>
      <NoPermission what="see the connected accounts" />
    </Page>
  );
}

function AccountPage({ id }: { id: string }) {
  const { data, error, refetch } = useAccount(id);
  if (hasCode(error, "not_found", "malformed_parameter")) {
    return (
      <Page title={TITLE} back={LIST}>
        <EmptyState
          icon={Plug}
          title="There is no such account here"
          text="It belongs to another workspace, or the address is wrong."
          action={<LinkButton to={LIST}>All connections</LinkButton>}
        />
      </Page>
    );
  }
  if (data) return <Opened {...data} error={error} onRetry={() => void refetch()} />;
  return (
    <Page title={TITLE} back={LIST}>
      {error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <Delayed>
          <SkeletonText lines={10} />
        </Delayed>
      )}
    </Page>
  );
}

interface OpenedProps {
  account: NonNullable<ReturnType<typeof useAccount>["data"]>["account"];
  gaps: readonly Gap[];
  error: unknown;
  onRetry: () => void;
}

function Opened({ account, gaps, error, onRetry }: OpenedProps) {
  const mayManage = useCan("channels:manage");
  const [isLeaving, setIsLeaving] = useState(false);
  const { id, name, platform, state } = account;
  const isOver = state === "disconnected";
  return (
    <Page
      title={name}
      back={LIST}
      actions={
        mayManage && (
          <>
            <MendButton account={account} />
            {!isOver && (
              <Button icon={Unplug} onClick={() => setIsLeaving(true)}>
                Disconnect…
              </Button>
            )}
          </>
        )
      }
    >
      {error !== null && error !== undefined && <ProblemAlert error={error} onRetry={onRetry} />}
      <Card>
        <div className="flex flex-wrap items-center gap-3">
          <PlatformMark platform={platform} />
          <span className="min-w-0 flex-1 font-medium">{platformTitle(platform)}</span>
          <StateMark state={state} />
        </div>
        <Reason account={account} />
        <AccountFacts account={account} />
      </Card>
      {gaps.length > 0 && (
        <Card title="Gaps" description="Times in which messages may be missing, the newest first.">
          <GapList gaps={gaps} withReason />
        </Card>
      )}
      {platform === "web_chat" ? (
        <WidgetSection id={id} isOver={isOver} />
      ) : (
        mayManage && !isOver && <AccountForm key={id} account={account} />
      )}
      {isLeaving && <DisconnectDialog account={account} onClose={() => setIsLeaving(false)} />}
    </Page>
  );
}
