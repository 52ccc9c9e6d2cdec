/** One account: whose it is, how it is, and the one button that mends it. */
import { Ellipsis, LogIn, Settings, Unplug } from "lucide-react";
import { Link } from "react-router";

import { serverNow } from "@/lib/clock";
import { platformTitle } from "@/lib/platforms";
import { Button, IconButton } from "@/ui/button";
import { Menu, type MenuItem } from "@/ui/menu";
import { Bdi } from "@/ui/name";
import { DetailList } from "@/ui/page";
import { PlatformMark } from "@/ui/platform-mark";

import { factsOf } from "./account-facts";
import { GapList } from "./gap-list";
import { worrying } from "./gaps";
import { mendOf, reasonOf } from "./health";
import { StateMark } from "./marks";
import { useAccount, type Account } from "./queries";
import { useLogIn } from "./use-log-in";

interface Props {
  account: Account;
  /** Whether the server is asked for its gaps. */
  asksForGaps: boolean;
  /** Missing where somebody may only look. */
  onDisconnect: (() => void) | undefined;
}

const SHOWN_GAPS = 2;

export function AccountCard({ account, asksForGaps, onDisconnect }: Props) {
  const { id, name, handle, platform, state } = account;
  const gaps = worrying(useAccount(id, asksForGaps).data?.gaps ?? []);
  return (
    <li aria-label={name} className="flex min-w-0 flex-col gap-3 rounded-card border border-border bg-surface p-4">
      <div className="flex items-start gap-3">
        <PlatformMark platform={platform} />
        <div className="min-w-0 flex-1">
          <h3 className="truncate font-medium" title={name}>
            <Link to={`/connections/${id}`} className="rounded-sm hover:underline">
              <bdi>{name}</bdi>
            </Link>
          </h3>
          <p className="truncate text-dense text-muted">
            {platformTitle(platform)}
            {handle && (
              <>
                {" · "}
                <bdi>{handle}</bdi>
              </>
            )}
          </p>
        </div>
        <StateMark state={state} />
      </div>
      <Reason account={account} />
      {gaps.length > 0 && <GapList gaps={gaps.slice(0, SHOWN_GAPS)} />}
      <DetailList items={factsOf(account)} className="text-dense" />
      {onDisconnect && <Actions account={account} onDisconnect={onDisconnect} />}
    </li>
  );
}

export function Reason({ account }: { account: Account }) {
  const reason = reasonOf(account);
  if (!reason) return null;
  const tone = { healthy: "", disconnected: "text-muted", degraded: "text-warn-text", needs_you: "text-danger-text" };
  return (
    <p className={tone[account.state]}>
      <Bdi>{reason}</Bdi>
    </p>
  );
}

function Actions({ account, onDisconnect }: { account: Account; onDisconnect: () => void }) {
  const { id, name, state } = account;
  const items: MenuItem[] = [{ label: "Settings", icon: Settings, to: `/connections/${id}` }];
  if (state !== "disconnected") {
    items.push("separator", { label: "Disconnect…", icon: Unplug, danger: true, onSelect: onDisconnect });
  }
  return (
    <div className="mt-auto flex flex-wrap items-center justify-end gap-2">
      <MendButton account={account} size="sm" />
      <Menu trigger={<IconButton label={`More for ${name}`} icon={Ellipsis} size="sm" />} items={items} align="end" />
    </div>
  );
}

/** Logs in at the platform anew, through the app that the account was connected with. */
export function MendButton({ account, size }: { account: Account; size?: "sm" }) {
  const logIn = useLogIn(account.platform, account.uses_own_app);
  const mend = mendOf(account, serverNow());
  if (!mend) return null;
  return (
    <Button
      icon={LogIn}
      size={size}
      variant={account.state === "needs_you" && !size ? "primary" : "secondary"}
      loading={logIn.isRunning}
      aria-label={`${mend}: ${account.name}`}
      onClick={logIn.run}
    >
      {mend}
    </Button>
  );
}
