/** What is known of an account: when it last spoke, until when it may, and how much. */
import { serverNow } from "@/lib/clock";
import { Badge } from "@/ui/badge";
import { Copyable } from "@/ui/code";
import { DetailList } from "@/ui/page";
import { RelativeTime } from "@/ui/time";

import { tokenOf } from "./health";
import type { Account } from "./queries";
import { isScarce, linesOf } from "./quota";

interface Fact {
  term: string;
  detail: React.ReactNode;
}

/** Those of a card. */
export function factsOf(account: Account): Fact[] {
  const { last_event_at: last, quota, quota_at: quotaAt, connected_at: connected, state } = account;
  const token = tokenOf(account, serverNow());
  const lines = linesOf(quota);
  const scarcest = lines.toSorted((one, other) => (other.share ?? -1) - (one.share ?? -1))[0];
  const facts: Fact[] = [{ term: "Last event", detail: last ? <RelativeTime at={last} /> : "Nothing came yet" }];
  if (token) {
    facts.push({
      term: "Log-in",
      detail: (
        <span className="flex flex-wrap items-baseline gap-x-1.5">
          <span className={token.isUrgent ? "text-danger-text" : ""}>
            {token.text} {token.at && <RelativeTime at={token.at} />}
          </span>
          <span className="text-muted">
            made <RelativeTime at={connected} />
          </span>
        </span>
      ),
    });
  }
  if (scarcest && state !== "disconnected") {
    facts.push({
      term: "Quota",
      detail: (
        <span className={isScarce(lines) ? "text-warn-text" : ""}>
          {scarcest.name}: {scarcest.value}
          {quotaAt && (
            <span className="text-muted">
              {" "}
              <RelativeTime at={quotaAt} />
            </span>
          )}
        </span>
      ),
    });
  }
  return facts;
}

/** All of them, for the account's page. */
export function AccountFacts({ account }: { account: Account }) {
  const { external_id: id, handle, polled_at: polled, quota, scopes, uses_own_app: own, platform } = account;
  const lines = linesOf(quota);
  const facts: Fact[] = factsOf(account).filter(({ term }) => term !== "Quota");
  if (platform !== "web_chat") {
    if (polled) facts.push({ term: "Last asked", detail: <RelativeTime at={polled} /> });
    facts.push({ term: "App", detail: own ? "This workspace's own" : "The operator's" });
  }
  facts.push(
    { term: "Since", detail: <RelativeTime at={account.state_since} /> },
    { term: platform === "web_chat" ? "Key" : "Id at the platform", detail: <Copyable text={id} label="id" /> },
  );
  if (handle) facts.push({ term: "Handle", detail: <bdi className="wrap-anywhere">{handle}</bdi> });
  if (lines.length > 0) {
    facts.push({
      term: "Quota",
      detail: (
        <ul>
          {lines.map(({ name, value }) => (
            <li key={name} className="wrap-anywhere">
              {name}: {value}
            </li>
          ))}
        </ul>
      ),
    });
  }
  if (scopes.length > 0) {
    facts.push({
      term: "Agreed to",
      detail: (
        <span className="flex flex-wrap gap-1">
          {scopes.map((scope) => (
            <Badge key={scope}>{scope}</Badge>
          ))}
        </span>
      ),
    });
  }
  return <DetailList items={facts} />;
}
