import { expect, it } from "vitest";

import {
  begun,
  dropped,
  EMPTY,
  pendingIn,
  refused,
  taken,
  withArrived,
  withMessage,
  withNewest,
  type Pending,
} from "./outbox-rules";
import { aMessage } from "./samples";

const one: Pending = {
  key: "sending 1",
  conversation: "conv_1",
  text: "Hello",
  files: [],
  takesOver: false,
  at: "2026-11-21T12:00:00Z",
  by: "user_1",
  after: 4,
  header: { "Idempotency-Key": "k" },
};
const at = (id: string, minute: number, changes: Parameters<typeof aMessage>[0] = {}) =>
  aMessage({ id, seq: minute, provider_at: `2026-11-21T12:${String(minute).padStart(2, "0")}:00Z`, ...changes });
const ids = (messages: { id: string }[]) => messages.map(({ id }) => id).join("");

it("the message is drawn where its bubble stood", () => {
  const outbox = taken(begun(EMPTY, one), one.key, "msg_1");
  expect(outbox.pending).toEqual([]);
  expect(outbox.keys["msg_1"]).toBe("sending 1");
});

it("what was not taken stays with its text and the reason", () => {
  const outbox = refused(begun(EMPTY, one), one.key, "no");
  expect(pendingIn(outbox, "conv_1")).toEqual([{ ...one, error: "no" }]);
  expect(pendingIn(outbox, "conv_2")).toEqual([]);
});

it("sent again it is one bubble, and without the reason of before", () => {
  const outbox = begun(refused(begun(EMPTY, one), one.key, "no"), one);
  expect(outbox.pending).toEqual([one]);
  expect(dropped(outbox, one.key).pending).toEqual([]);
});

it("a message that is read before the sending is answered takes its bubble's place", () => {
  const answer = { conversation_id: "conv_1", direction: "out", author_id: "user_1", text: "Hello" } as const;
  const twice = begun(begun(EMPTY, one), { ...one, key: "sending 2" });
  const first = withArrived(twice, [at("b", 5, answer)]);
  expect(first.keys).toEqual({ b: "sending 1" });
  expect(pendingIn(first, "conv_1").map(({ key }) => key)).toEqual(["sending 2"]);
  expect(withArrived(twice, [at("c", 6, answer), at("b", 5, answer)]).keys).toEqual({ b: "sending 1", c: "sending 2" });
  expect(withArrived(refused(begun(EMPTY, one), one.key, "lost"), [at("b", 5, answer)]).pending).toEqual([]);
});

it("an earlier, a different or another's message leaves the bubble", () => {
  const answer = { conversation_id: "conv_1", direction: "out", author_id: "user_1", text: "Hello" } as const;
  const others = [
    at("a", 4, answer),
    at("b", 5, { ...answer, text: "Hello!" }),
    at("c", 6, { ...answer, author_id: "user_2" }),
    at("d", 7, { ...answer, conversation_id: "conv_2" }),
    at("e", 8, { ...answer, direction: "in" }),
  ];
  expect(withArrived(begun(EMPTY, one), others).pending).toEqual([one]);
});

it("adds a message once", () => {
  const known = [at("a", 1)];
  expect(ids(withMessage(known, at("b", 2)))).toBe("ba");
  expect(withMessage(known, at("a", 1, { text: "Edited" }))).toEqual([at("a", 1, { text: "Edited" })]);
});

it("lays the newest page over what is known", () => {
  const known = [at("c", 3), at("b", 2), at("a", 1)];
  expect(ids(withNewest(known, [at("d", 4), at("c", 3), at("b", 2)]))).toBe("dcba");
});

it("drops what is gone from the part that was read again", () => {
  expect(ids(withNewest([at("c", 3), at("b", 2), at("a", 1)], [at("c", 3), at("a", 1)]))).toBe("ca");
});

it("keeps what was sent a moment ago when an older reading comes late", () => {
  const sent = at("d", 4, { direction: "out", state: "queued" });
  expect(ids(withNewest([sent, at("c", 3)], [at("c", 3), at("b", 2)]))).toBe("dcb");
});

it("does not go back from delivered to sent when readings overtake each other", () => {
  const known = at("a", 1, { direction: "out", state: "delivered", state_at: "2026-11-21T12:05:00Z" });
  const late = at("a", 1, { direction: "out", state: "sent", state_at: "2026-11-21T12:04:00Z" });
  expect(withNewest([known], [late])[0]?.state).toBe("delivered");
  const again = at("a", 1, { direction: "out", state: "queued", state_at: "2026-11-21T12:06:00Z" });
  expect(withNewest([known], [again])[0]?.state).toBe("queued");
});
