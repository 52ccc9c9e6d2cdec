/** Giving a conversation to somebody. */
import { UserRound, UserRoundX } from "lucide-react";

import { useHasOnlyOwn, useUser } from "@/lib/session";

import { assign, handOver } from "./actions";
import { ChoiceDialog, type Choice } from "./choice-dialog";
import type { Conversation } from "./filter";
import { useColleagues } from "./queries";

/** Roles that may answer; a viewer could do nothing with it. */
const ANSWERS = new Set(["admin", "manager", "sales_rep", "agent"]);

interface Props {
  conversation: Conversation;
  onClose: () => void;
}

export function AssignDialog({ conversation, onClose }: Props) {
  const me = useUser();
  const hasOnlyOwn = useHasOnlyOwn();
  const colleagues = useColleagues();
  const now = conversation.assignee_id ?? undefined;
  const give = (to: string | null, name: string) => () => {
    if ((to ?? undefined) === now) return;
    void (hasOnlyOwn ? handOver(conversation, to, name) : assign(conversation, to, name, me.id));
  };
  const choices: Choice[] = [
    { id: me.id, label: "You", icon: UserRound, isChosen: now === me.id, run: give(me.id, "you") },
    { id: "none", label: "Nobody", icon: UserRoundX, isChosen: now === undefined, run: give(null, "nobody") },
    ...colleagues
      .filter(({ id, status, role }) => id !== me.id && status === "active" && ANSWERS.has(role))
      .map(({ id, name, email }) => ({
        id,
        label: name || email,
        ...(name && { hint: email }),
        icon: UserRound,
        isChosen: now === id,
        run: give(id, name || email),
      })),
  ];
  return <ChoiceDialog title="Give it to" search="Find a colleague" choices={choices} onClose={onClose} />;
}
