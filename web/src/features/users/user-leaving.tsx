/** Keeping somebody out for a while, or for good. */
import { CircleCheck, CircleSlash, UserMinus } from "lucide-react";
import { useState } from "react";

import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/dialog";
import { Section } from "@/ui/page";
import { toast } from "@/ui/toast";

import { changeUser, removeUser, type User } from "./queries";
import { wordToType } from "./typed-name";
import { nameOf, setStatus } from "./user-status";

interface Props {
  user: User;
  isMe: boolean;
  onGone: () => void;
}

export function UserLeaving({ user, isMe, onGone }: Props) {
  const disabled = user.status === "disabled";
  return (
    <Section title="Leaving">
      <p className="text-muted">
        {disabled
          ? "Disabled people keep their place and their history, but cannot log in."
          : "Disable somebody who is away: they cannot log in and can be let in again. Remove somebody who has left."}
      </p>
      <div className="flex flex-wrap gap-2">
        {disabled ? (
          <Button icon={CircleCheck} onClick={() => void setStatus(user, "active")}>
            Enable
          </Button>
        ) : (
          <Disable user={user} isMe={isMe} />
        )}
        <Remove user={user} isMe={isMe} onGone={onGone} />
      </div>
    </Section>
  );
}

function Disable({ user, isMe }: Omit<Props, "onGone">) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button icon={CircleSlash} onClick={() => (isMe ? setAsking(true) : void setStatus(user, "disabled"))}>
        Disable
      </Button>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title="Disable yourself?"
        description="You are logged out at once, and only another admin can let you in again."
        confirm="Disable myself"
        danger
        onConfirm={() => changeUser(user.id, { status: "disabled" })}
      />
    </>
  );
}

function Remove({ user, isMe, onGone }: Props) {
  const [asking, setAsking] = useState(false);
  const remove = async () => {
    await removeUser(user.id);
    onGone();
    toast({ title: `${nameOf(user)} is removed`, description: "Their history stays.", tone: "ok" });
  };
  return (
    <>
      <Button variant="danger" icon={UserMinus} onClick={() => setAsking(true)}>
        Remove…
      </Button>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={isMe ? "Remove yourself from this workspace?" : `Remove ${nameOf(user)} from this workspace?`}
        description={
          isMe
            ? "You are logged out at once and need a new invitation to come back. This cannot be undone."
            : "They are logged out at once and need a new invitation to come back. What they did stays in the history. This cannot be undone."
        }
        confirm="Remove 1 person"
        danger
        typeToConfirm={wordToType(user)}
        onConfirm={remove}
      />
    </>
  );
}
