/** Conversations and messages for the tests of this folder. */
import type { Conversation } from "./filter";
import type { Message } from "./words";

export function aConversation(changes: Partial<Conversation> = {}): Conversation {
  return {
    id: "conv_01kagx4f0ve2pbkr7w3m9d5tqz",
    account_id: "chan_01kagx4f0ve2pbkr7w3m9d5tqz",
    identity_id: "cid_01kagx4f0ve2pbkr7w3m9d5tqz",
    contact_id: "cont_01kagx4f0ve2pbkr7w3m9d5tqz",
    contact_name: "Ann Archer",
    platform: "facebook",
    surface: "message",
    thread_key: "",
    status: "open",
    unread_count: 0,
    last_activity_at: "2026-11-21T12:00:00Z",
    preview: "Hello",
    preview_direction: "in",
    was_invited: true,
    machine_paused: false,
    created_at: "2026-11-21T11:00:00Z",
    updated_at: "2026-11-21T12:00:00Z",
    ...changes,
  };
}

export function aMessage(changes: Partial<Message> = {}): Message {
  return {
    id: "msg_1",
    conversation_id: "conv_01kagx4f0ve2pbkr7w3m9d5tqz",
    seq: 1,
    direction: "in",
    author_kind: "contact",
    kind: "text",
    text: "Hello",
    quick_replies: [],
    provider_at: "2026-11-21T12:00:00Z",
    received_at: "2026-11-21T12:00:01Z",
    attachments: [],
    reactions: [],
    ...changes,
  };
}
