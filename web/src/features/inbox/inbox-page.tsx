/** The inbox: the list, the opened conversation, and who it is with. On a phone each is a page that leads back. */
import { Inbox } from "lucide-react";
import { useMemo } from "react";
import { useParams, useSearchParams } from "react-router";

import { useCan } from "@/lib/session";
import { cx } from "@/ui/cx";
import { Page } from "@/ui/page";
import { EmptyState, NoPermission } from "@/ui/problem";

import { ConversationPane } from "./conversation-pane";
import { filterOf } from "./filter";
import { ListPane } from "./list-pane";
import { useLiveInbox } from "./live-inbox";

export function Component() {
  if (useCan("conversations:read")) return <Panes />;
  return (
    <Page title="Inbox">
      <NoPermission what="read conversations" />
    </Page>
  );
}

function Panes() {
  const { id } = useParams();
  const [search] = useSearchParams();
  const filter = useMemo(() => filterOf(search), [search]);
  useLiveInbox(filter, id);
  return (
    <div className="flex h-full min-h-0 bg-surface">
      {/* On a phone it stays behind the conversation, scrolled to where it was left. */}
      <ListPane filter={filter} opened={id} className={cx(id && "max-md:hidden")} />
      {id ? <ConversationPane key={id} id={id} /> : <NothingOpened />}
    </div>
  );
}

function NothingOpened() {
  return (
    <div className="hidden min-w-0 flex-1 md:flex">
      <EmptyState
        icon={Inbox}
        title="No conversation is open"
        text="Choose one from the list: J and K move, Enter opens."
      />
    </div>
  );
}
