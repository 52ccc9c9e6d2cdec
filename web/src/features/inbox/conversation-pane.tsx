/** One conversation: what was said, the field to answer in, and beside it who it is with. */
import { MessageCircleQuestion } from "lucide-react";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";

import { useAddressChange, withParams } from "@/lib/address";
import { hasCode } from "@/lib/problems";
import { useCan, useHasOnlyOwn, useUser } from "@/lib/session";
import { usePageTitle } from "@/ui/page";
import { EmptyState, ErrorState, ProblemAlert } from "@/ui/problem";
import { Sheet } from "@/ui/sheet";
import { Delayed, SkeletonText } from "@/ui/skeleton";
import { useIsPhone, useMedia } from "@/ui/use-media";

import { markRead } from "./actions";
import { listed } from "./cache";
import { Composer } from "./composer";
import { ContactPanel } from "./contact-panel";
import { ConversationHeader } from "./conversation-header";
import type { Conversation } from "./filter";
import { readNewest } from "./live-inbox";
import { useConversation } from "./queries";
import { Timeline } from "./timeline-view";
import { usePresenceSigns } from "./use-presence";
import { nameOf } from "./words";

/** Room for the contact beside the conversation; the breakpoint `xl`. */
const ROOM = "(min-width: 1400px)";

export function ConversationPane({ id }: { id: string }) {
  const { data, error, refetch } = useConversation(id, listed(id));
  const navigate = useNavigate();
  const [search] = useSearchParams();
  const hasOnlyOwn = useHasOnlyOwn();
  const back = () => void navigate({ pathname: "/inbox", search: withParams(search, { panel: undefined }).toString() });
  if (data) return <Opened conversation={data} error={error} onRetry={() => void refetch()} onBack={back} />;
  return (
    <section aria-label="Conversation" className="flex min-w-0 flex-1 flex-col">
      {hasCode(error, "not_found", "malformed_parameter") ? (
        <EmptyState
          icon={MessageCircleQuestion}
          title="There is no such conversation here"
          text={
            hasOnlyOwn
              ? "It is not assigned to you, it was erased, or it belongs to another workspace."
              : "It was erased, or it belongs to another workspace."
          }
        />
      ) : error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <Delayed>
          <div className="p-4" aria-busy="true">
            <SkeletonText lines={8} />
          </div>
        </Delayed>
      )}
    </section>
  );
}

interface OpenedProps {
  conversation: Conversation;
  error: unknown;
  onRetry: () => void;
  onBack: () => void;
}

function Opened({ conversation, error, onRetry, onBack }: OpenedProps) {
  const { id } = conversation;
  const name = nameOf(conversation);
  const [isTyping, setTyping] = useState(false);
  const title = useRef<HTMLHeadingElement>(null);
  const isPhone = useIsPhone();
  usePageTitle(name);
  useReading(conversation);
  const others = usePresenceSigns(id, isTyping);
  // Whoever comes back to a conversation that is in memory sees what came meanwhile.
  useEffect(() => void readNewest(id).catch(() => undefined), [id]);
  const focusTitle = useEffectEvent(() => isPhone && title.current?.focus());
  // The list that had the focus is gone.
  useEffect(() => void focusTitle(), []);
  return (
    <>
      <section aria-label={`Conversation with ${name}`} className="flex min-w-0 flex-1 flex-col">
        <ConversationHeader conversation={conversation} title={title} onBack={onBack} />
        {error !== null && error !== undefined && (
          <ProblemAlert error={error} onRetry={onRetry} className="mx-4 mt-2" />
        )}
        <Timeline conversation={conversation} others={others} />
        <Composer
          conversation={conversation}
          onTyping={setTyping}
          onLeave={() => title.current?.focus({ preventScroll: true })}
        />
      </section>
      <Panel conversation={conversation} />
    </>
  );
}

/** Opening a conversation is reading it; so is having it open while something comes. */
function useReading(conversation: Conversation): void {
  const mayWrite = useCan("conversations:write");
  const me = useUser().id;
  const { unread_count: unread, last_inbound_at: lastInbound } = conversation;
  // Marked as unread by hand it stays so until something comes.
  const read = useRef<string>(undefined);
  const turn = `${lastInbound}`;
  const mark = useEffectEvent((unread: number, turn: string) => {
    if (!mayWrite || read.current === turn || document.visibilityState !== "visible") return;
    read.current = turn;
    if (unread > 0) void markRead(conversation, me);
  });
  useEffect(() => {
    const look = () => mark(unread, turn);
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [unread, turn]);
}

function Panel({ conversation }: { conversation: Conversation }) {
  const [search] = useSearchParams();
  const set = useAddressChange(withParams);
  const hasRoom = useMedia(ROOM);
  const wanted = search.get("panel");
  if (hasRoom) {
    if (wanted === "none") return null;
    return (
      <aside aria-label="Contact" className="w-80 shrink-0 overflow-y-auto border-s border-border p-4">
        <ContactPanel conversation={conversation} />
      </aside>
    );
  }
  return (
    <Sheet
      open={wanted === "contact"}
      onOpenChange={(isOpen) => !isOpen && set({ panel: undefined })}
      title={nameOf(conversation)}
    >
      <ContactPanel conversation={conversation} />
    </Sheet>
  );
}
