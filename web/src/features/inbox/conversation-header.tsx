/** Who it is with, and what one does with the conversation. */
import {
  AlarmClock,
  ArrowLeft,
  Bot,
  BotOff,
  CircleCheck,
  Ellipsis,
  Mail,
  PanelRight,
  RotateCcw,
  UserRound,
} from "lucide-react";
import { useState, type Ref } from "react";
import { useSearchParams } from "react-router";

import { useAddressChange, withParams } from "@/lib/address";
import { useShortcuts, type Shortcut } from "@/lib/shortcuts";
import { useCan, useUser } from "@/lib/session";
import { Button, IconButton } from "@/ui/button";
import { Menu, type MenuItem } from "@/ui/menu";
import { Bdi } from "@/ui/name";
import { PlatformMark } from "@/ui/platform-mark";
import { useIsPhone, useMedia } from "@/ui/use-media";

import { close, markUnread, reopen, setMachine } from "./actions";
import { AssignDialog } from "./assign-dialog";
import { Standing } from "./conversation-row";
import type { Conversation } from "./filter";
import { useNames } from "./queries";
import { SnoozeDialog } from "./snooze-dialog";
import { nameOf, placeOf } from "./words";

interface Props {
  conversation: Conversation;
  title: Ref<HTMLHeadingElement>;
  onBack: () => void;
}

export function ConversationHeader({ conversation, title, onBack }: Props) {
  const isPhone = useIsPhone();
  const Heading = isPhone ? "h1" : "h2";
  const name = nameOf(conversation);
  return (
    <header className="flex shrink-0 flex-wrap items-center gap-x-2 gap-y-1 border-b border-border px-3 py-2 lg:px-4">
      <IconButton label="Back to the list" icon={ArrowLeft} className="-ms-1 md:hidden" onClick={onBack} />
      <div className="flex min-w-0 flex-1 basis-40 items-center gap-2.5">
        <PlatformMark platform={conversation.platform} size={28} />
        <div className="min-w-0">
          <Heading
            ref={title}
            tabIndex={-1}
            dir="auto"
            title={name}
            className="truncate rounded-sm text-base font-semibold outline-offset-2"
          >
            {name}
          </Heading>
          <p className="flex flex-wrap items-center gap-x-2 text-dense text-muted">
            {placeOf(conversation)}
            <Standing conversation={conversation} />
          </p>
        </div>
      </div>
      <Actions conversation={conversation} onBack={onBack} />
    </header>
  );
}

type Asked = "assign" | "snooze";

function Actions({ conversation, onBack }: Pick<Props, "conversation" | "onBack">) {
  const me = useUser().id;
  const mayWrite = useCan("conversations:write");
  const nameOfUser = useNames();
  const isPhone = useIsPhone();
  const [asked, ask] = useState<Asked>();
  const panel = usePanel();
  const { status, assignee_id: assignee } = conversation;
  const isClosed = status === "closed";
  const unread = () => {
    void markUnread(conversation, me);
    // On a phone one marks it to come back to it, and goes on.
    if (isPhone) onBack();
  };
  const toggle = () => void (isClosed ? reopen(conversation, me) : close(conversation, me));
  const shortcuts: Shortcut[] = [
    { keys: "c", does: "Show or hide the contact", run: panel.toggle },
    { keys: "Escape", does: "Back to the list", run: onBack },
  ];
  const writing: Shortcut[] = [
    { keys: "a", does: "Give it to somebody", run: () => ask("assign") },
    ...(isClosed ? [] : [{ keys: "s", does: "Put it off", run: () => ask("snooze") }]),
    { keys: "e", does: isClosed ? "Open it again" : "Close it", run: toggle },
    { keys: "u", does: "Mark it as unread", run: unread },
  ];
  useShortcuts("Conversation", mayWrite ? [...writing, ...shortcuts] : shortcuts);
  const isWith = assignee ? (assignee === me ? "You" : nameOfUser(assignee)) : "Nobody";
  return (
    <div className="flex min-w-0 items-center gap-1.5">
      {mayWrite ? (
        <Button size="sm" icon={UserRound} className="max-w-40 min-w-0" onClick={() => ask("assign")}>
          <span className="truncate">
            <span className="sr-only">With </span>
            <Bdi>{isWith}</Bdi>
          </span>
        </Button>
      ) : (
        <span className="truncate text-dense text-muted">
          With <Bdi>{isWith}</Bdi>
        </span>
      )}
      {mayWrite && !isClosed && !isPhone && (
        <IconButton label="Put off" icon={AlarmClock} onClick={() => ask("snooze")} />
      )}
      {mayWrite && (
        <Button size="sm" icon={isClosed ? RotateCcw : CircleCheck} onClick={toggle}>
          {isClosed ? "Reopen" : "Close"}
        </Button>
      )}
      <IconButton label="Contact" icon={PanelRight} aria-pressed={panel.isShown} onClick={panel.toggle} />
      {mayWrite && (
        <Menu
          align="end"
          trigger={<IconButton label="More" icon={Ellipsis} />}
          items={more(conversation, me, { unread, snooze: () => ask("snooze") })}
        />
      )}
      {asked === "assign" && <AssignDialog conversation={conversation} onClose={() => ask(undefined)} />}
      {asked === "snooze" && <SnoozeDialog conversation={conversation} onClose={() => ask(undefined)} />}
    </div>
  );
}

function more(conversation: Conversation, me: string, does: { unread: () => void; snooze: () => void }): MenuItem[] {
  const { status, machine_paused: isSilent } = conversation;
  return [
    { label: "Mark as unread", icon: Mail, hint: "U", onSelect: does.unread },
    ...(status === "closed" ? [] : [{ label: "Put off…", icon: AlarmClock, hint: "S", onSelect: does.snooze }]),
    ...(status === "snoozed"
      ? [{ label: "Open now", icon: RotateCcw, onSelect: () => void reopen(conversation, me) }]
      : []),
    "separator",
    {
      label: isSilent ? "Let the machine answer" : "Silence the machine",
      icon: isSilent ? Bot : BotOff,
      onSelect: () => void setMachine(conversation, !isSilent, me),
    },
  ];
}

/** Whether the contact is shown; where there is room that is the usual. */
function usePanel() {
  const [search] = useSearchParams();
  const set = useAddressChange(withParams, { replace: true });
  const hasRoom = useMedia("(min-width: 1400px)");
  const wanted = search.get("panel");
  const isShown = hasRoom ? wanted !== "none" : wanted === "contact";
  const toggle = () => set({ panel: hasRoom ? (isShown ? "none" : undefined) : isShown ? undefined : "contact" });
  return { isShown, toggle };
}
