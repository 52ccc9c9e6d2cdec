/** Putting a conversation off: until a moment, or until the person writes. */
import { AlarmClock } from "lucide-react";
import { useState } from "react";

import { serverNow } from "@/lib/clock";
import { useUser } from "@/lib/session";
import { Button } from "@/ui/button";
import { TextField } from "@/ui/field-text";

import { snooze } from "./actions";
import { ChoiceDialog } from "./choice-dialog";
import type { Conversation } from "./filter";
import { complaintAbout, presets } from "./snooze";

const shortTime = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "numeric", minute: "2-digit" });

interface Props {
  conversation: Conversation;
  onClose: () => void;
}

export function SnoozeDialog({ conversation, onClose }: Props) {
  const me = useUser().id;
  const choices = presets(serverNow()).map(({ label, until }) => ({
    id: label,
    label,
    hint: shortTime.format(until),
    icon: AlarmClock,
    run: () => void snooze(conversation, until, me),
  }));
  return (
    <ChoiceDialog title="Put off until" choices={choices} onClose={onClose}>
      <Moment
        onPick={(until) => {
          onClose();
          void snooze(conversation, until, me);
        }}
      />
    </ChoiceDialog>
  );
}

function Moment({ onPick }: { onPick: (until: Date) => void }) {
  const [text, setText] = useState("");
  const [complaint, setComplaint] = useState<string>();
  const pick = () => {
    const wrong = complaintAbout(text, serverNow());
    if (wrong) setComplaint(wrong);
    else onPick(new Date(text));
  };
  return (
    <form
      className="flex items-end gap-2 border-t border-border pt-4"
      onSubmit={(event) => {
        event.preventDefault();
        pick();
      }}
    >
      <TextField
        label="Another moment"
        type="datetime-local"
        value={text}
        error={complaint}
        className="flex-1"
        onChange={(next) => {
          setText(next);
          setComplaint(undefined);
        }}
      />
      <Button type="submit">Put off</Button>
    </form>
  );
}
