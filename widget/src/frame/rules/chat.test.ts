import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { type Api, Refusal } from "./api.ts";
import { chat } from "./chat.ts";
import { entries, notice } from "./entries.ts";
import { keep, type Kept, type Store } from "./keep.ts";
import { type Message, type NewMessage, readConfig, readMessage, readPage } from "./protocol.ts";
import { speech } from "./words.ts";

beforeEach(() => void vi.useFakeTimers({ now: Date.parse("2026-11-29T10:00:00Z") }));
afterEach(() => void vi.useRealTimers());

/** A hub without a network: what it was told, and what it says next. */
function hub(config: object = {}) {
  const sent: NewMessage[] = [];
  const calls: string[] = [];
  const refusals: Partial<Record<keyof Api, Refusal[]>> = {};
  const messages: Message[] = [];
  let write: (text: string) => void = () => undefined;
  let end: () => void = () => undefined;
  const ask = async <T>(name: keyof Api, answer: () => T): Promise<T> => {
    calls.push(name);
    const refusal = refusals[name]?.shift();
    if (refusal) throw refusal;
    return answer();
  };
  const accept = (message: NewMessage): Message => {
    const known = messages.find(({ client_id }) => client_id === message.client_id);
    if (known) return known;
    const at = new Date().toISOString();
    const made = readMessage({ id: `msg_${messages.length}`, at, from: "visitor", ...message });
    messages.push(made);
    return made;
  };
  const page = (after: string | null) =>
    readPage({ messages: messages.slice(Number(after ?? 0)), cursor: String(messages.length) });
  const api: Api = {
    config: () => ask("config", () => readConfig({ name: "Example", ...config })),
    startSession: (session) =>
      ask("startSession", () => ({ token: `t${calls.length}`, visitor_id: JSON.stringify(session) })),
    send: (_, message) => {
      sent.push(structuredClone(message));
      return ask("send", () => accept(message));
    },
    page: (_, after) => ask("page", () => page(after)),
    tellTyping: () => ask("tellTyping", () => undefined),
    tellRead: () => ask("tellRead", () => undefined),
    upload: (_, file) => ask("upload", () => ({ id: `att_${file.name}`, name: file.name, type: file.type, size: 1 })),
    download: () => ask("download", () => new Blob()),
    events: (_, __, signal) =>
      ask("events", () => {
        const body = new ReadableStream<Uint8Array>({
          start: (controller) => {
            write = (text) => controller.enqueue(new TextEncoder().encode(text));
            end = () => controller.close();
            write(": here\n\n");
            signal.addEventListener("abort", () => controller.error(new Error("aborted")));
          },
        });
        return new Response(body, { headers: { "content-type": "text/event-stream" } });
      }),
  };
  const event = (kind: string, data: object, id?: number) =>
    write(`${id === undefined ? "" : `id: ${id}\n`}event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
  return { api, sent, calls, refusals, messages, accept, event, end: () => end() };
}

function visitor({ api }: ReturnType<typeof hub>, kept: Kept | null = null) {
  const stored = new Map<string, string>();
  if (kept) stored.set("socialai.chat.wgt_1", JSON.stringify(kept));
  const touched: string[] = [];
  const store: Store = {
    getItem: (key) => stored.get(key) ?? null,
    setItem: (key, value) => {
      touched.push(key);
      stored.set(key, value);
    },
    removeItem: (key) => void stored.delete(key),
  };
  let ids = 0;
  const talk = chat({
    api,
    keep: keep("wgt_1", () => store),
    newId: () => `id-${++ids}`,
    pageUrl: () => "https://shop.example/",
    language: () => "en",
  });
  const read = () => JSON.parse(stored.get("socialai.chat.wgt_1") ?? "null") as Kept | null;
  return { talk, touched, read };
}

const english = speech(["en"], {});
const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const shown = ({ state }: ReturnType<typeof visitor>["talk"]) =>
  entries(state, english).map(({ text, state: standing }) => [text, standing]);

test("before the first message nothing is stored, asked or begun", async () => {
  const server = hub();
  const { talk, touched } = visitor(server);
  await talk.start();
  talk.open();
  talk.write("a draft");
  talk.close();
  await settle(60_000);
  expect(server.calls).toEqual(["config"]);
  expect(touched).toEqual([]);
});

test("the first message makes the session, goes out and is followed by the stream", async () => {
  const server = hub();
  const { talk, read } = visitor(server);
  await talk.start();
  talk.open();
  talk.send(" hello ", []);
  expect(shown(talk)).toEqual([["hello", "sending"]]);
  await settle();
  expect(shown(talk)).toEqual([["hello", "sent"]]);
  expect(server.calls.filter((name) => name === "startSession")).toHaveLength(1);
  expect(talk.state.link).toBe("live");
  expect(read()).toMatchObject({ waiting: [], draft: "" });
  talk.close();
});

test("two messages at once make one session and keep their order", async () => {
  const server = hub();
  const { talk } = visitor(server);
  await talk.start();
  talk.send("one", []);
  talk.send("two", []);
  await settle();
  expect(server.calls.filter((name) => name === "startSession")).toHaveLength(1);
  expect(server.sent.map(({ text }) => text)).toEqual(["one", "two"]);
});

test("lost answers are asked for again with the same id, and what lasts fails and can be tried again", async () => {
  const server = hub();
  server.refusals.send = Array.from({ length: 4 }, () => new Refusal(0, "no_answer"));
  const { talk, read } = visitor(server);
  await talk.start();
  talk.send("hello", []);
  await settle(20_000);
  expect(shown(talk)).toEqual([["hello", "failed"]]);
  expect(read()?.waiting).toEqual([{ client_id: "id-1", text: "hello" }]);
  talk.retry("id-1");
  await settle();
  expect(shown(talk)).toEqual([["hello", "sent"]]);
  expect(server.sent.map(({ client_id }) => client_id)).toEqual(Array.from({ length: 5 }, () => "id-1"));
});

test("a message that arrived although its answer was lost is shown once", async () => {
  const server = hub();
  const { talk } = visitor(server);
  await talk.start();
  talk.send("hello", []);
  await settle();
  server.refusals.send = [new Refusal(0, "no_answer")];
  talk.send("again", []);
  server.event("message", server.accept({ client_id: "id-2", text: "again" }), 2);
  await settle(10_000);
  expect(shown(talk).map(([text]) => text)).toEqual(["hello", "again"]);
  expect(server.messages).toHaveLength(2);
});

test("what waits is sent after a change of page, with the ids that it had", async () => {
  const server = hub();
  const waiting = [{ client_id: "before", text: "from the page before" }];
  const { talk, read } = visitor(server, { token: "t", visitor_id: "v", waiting, draft: "half a sen" });
  await talk.start();
  await settle();
  expect(server.sent).toEqual(waiting);
  expect(server.calls).not.toContain("startSession");
  expect(talk.state.draft).toBe("half a sen");
  expect(read()?.waiting).toEqual([]);
});

test("Retry-After is waited out, whoever presses what", async () => {
  const server = hub();
  server.refusals.send = [new Refusal(429, "rate_limited", 5000)];
  const { talk } = visitor(server);
  await talk.start();
  talk.send("hello", []);
  await settle();
  expect(notice(talk.state, english, Date.now())).toContain("5 seconds");
  talk.tryNow();
  await settle(4900);
  expect(server.sent).toHaveLength(1);
  await settle(200);
  expect(server.sent).toHaveLength(2);
  expect(notice(talk.state, english, Date.now())).toBeNull();
});

test("a long Retry-After gives the message back instead of holding it", async () => {
  const server = hub();
  server.refusals.send = [new Refusal(429, "rate_limited", 300_000)];
  const { talk } = visitor(server);
  await talk.start();
  talk.send("hello", []);
  await settle();
  expect(entries(talk.state, english)[0]).toMatchObject({
    state: "failed",
    problem: expect.stringContaining("5 minutes"),
  });
  talk.retry("id-1");
  await settle(1000);
  expect(server.sent).toHaveLength(1);
});

test("what is refused for good does not hold up what comes after it", async () => {
  const server = hub();
  server.refusals.send = [new Refusal(422, "invalid")];
  const { talk, read } = visitor(server);
  await talk.start();
  talk.send("bad", []);
  talk.send("good", []);
  await settle();
  expect(shown(talk)).toEqual([
    ["good", "sent"],
    ["bad", "failed"],
  ]);
  // It would be refused again after every change of page.
  expect(read()?.waiting).toEqual([]);
});

test("a session that is over is made again for the message, and files with it", async () => {
  const server = hub();
  const { talk, read } = visitor(server, { token: "old", visitor_id: "v", waiting: [], draft: "" });
  await talk.start();
  await settle();
  server.refusals.send = [new Refusal(401, "session_over")];
  talk.send("hello", [new File(["x"], "a.png", { type: "image/png" })]);
  await settle();
  expect(server.calls.filter((name) => name === "startSession")).toHaveLength(1);
  expect(server.calls.filter((name) => name === "upload")).toHaveLength(2);
  expect(server.sent.at(-1)).toEqual({ client_id: "id-1", text: "hello", attachment_ids: ["att_a.png"] });
  expect(read()?.token).not.toBe("old");
});

test("a hub that refuses every token is not asked for ever", async () => {
  const server = hub();
  server.refusals.send = Array.from({ length: 50 }, () => new Refusal(401, "session_over"));
  const { talk } = visitor(server);
  await talk.start();
  talk.send("hello", []);
  await settle(600_000);
  expect(server.sent).toHaveLength(4);
  expect(shown(talk)).toEqual([["hello", "failed"]]);
});

test("without the form's answers nothing goes out; with them what waited does", async () => {
  const server = hub({ pre_chat: { fields: [{ name: "name", label: "Name", required: true }] } });
  const { talk } = visitor(server);
  await talk.start();
  expect(talk.state.needsForm).toBe(true);
  talk.send("hello", []);
  await settle();
  expect(server.calls).toEqual(["config"]);
  talk.fillForm({ name: "Ada" });
  await settle();
  expect(talk.state.needsForm).toBe(false);
  expect(shown(talk)).toEqual([["hello", "sent"]]);
});

test("answers that the hub does not accept bring the form back", async () => {
  const server = hub({ pre_chat: { fields: [{ name: "email", label: "E-mail", required: true }] } });
  server.refusals.startSession = [new Refusal(422, "invalid")];
  const { talk } = visitor(server);
  await talk.start();
  talk.fillForm({ email: "nobody@nowhere" });
  talk.send("hello", []);
  await settle();
  expect(talk.state.needsForm).toBe(true);
  expect(entries(talk.state, english)[0]).toMatchObject({ state: "failed", problem: "Please fill in the form first." });
  talk.fillForm({ email: "ada@example.com" });
  await settle();
  expect(shown(talk)).toEqual([["hello", "sent"]]);
});

test("a hub that is away is asked again, a widget that is gone is not", async () => {
  const server = hub();
  server.refusals.config = [new Refusal(0, "no_answer"), new Refusal(503, "busy")];
  const { talk } = visitor(server);
  void talk.start();
  await settle();
  expect(talk.state.phase).toBe("away");
  await settle(10_000);
  expect(talk.state.phase).toBe("ready");
  const other = hub();
  other.refusals.config = [new Refusal(404, "widget_not_found")];
  const gone = visitor(other).talk;
  await gone.start();
  await settle(600_000);
  expect(gone.state.phase).toBe("gone");
  expect(other.calls).toEqual(["config"]);
});

test("unread counts while it is closed or hidden, and is told when it was seen", async () => {
  const server = hub();
  const { talk } = visitor(server);
  await talk.start();
  talk.open();
  talk.send("hello", []);
  await settle();
  talk.close();
  server.event("message", { id: "a1", from: "agent", at: new Date().toISOString(), text: "hi" }, 2);
  server.event("nonsense", {}, 3);
  server.event("message", { text: "without an id" }, 4);
  await settle();
  expect(talk.state.unread).toBe(1);
  expect(server.calls).not.toContain("tellRead");
  talk.open();
  await settle();
  expect(talk.state.unread).toBe(0);
  expect(server.calls.filter((name) => name === "tellRead")).toHaveLength(1);
});

test("typing is shown for as long as it holds and ends with the message", async () => {
  const server = hub();
  const { talk } = visitor(server);
  await talk.start();
  talk.send("hello", []);
  await settle();
  server.event("typing", { is_typing: true, from: "agent", name: "Maya" });
  await settle();
  expect(talk.state.typing?.name).toBe("Maya");
  await settle(8100);
  expect(talk.state.typing).toBeNull();
});

test("a silent stream is given up and made again from the same place", async () => {
  const server = hub();
  const { talk } = visitor(server);
  await talk.start();
  talk.send("hello", []);
  await settle();
  const before = server.calls.filter((name) => name === "events").length;
  await settle(47_000);
  expect(server.calls.filter((name) => name === "events").length).toBe(before + 1);
});

test("a place that the hub knows no more begins again from the whole conversation", async () => {
  const server = hub();
  const { talk } = visitor(server);
  await talk.start();
  talk.send("hello", []);
  await settle();
  server.messages.push(readMessage({ id: "a1", from: "agent", at: new Date().toISOString(), text: "missed" }));
  server.event("reset", {});
  await settle(2000);
  expect(shown(talk).map(([text]) => text)).toEqual(["hello", "missed"]);
  server.messages.shift();
  server.refusals.page = [new Refusal(400, "invalid_cursor")];
  server.end();
  await settle(2000);
  expect(server.refusals.page).toEqual([]);
  expect(shown(talk).map(([text]) => text)).toEqual(["missed"]);
  expect(talk.state.link).toBe("live");
});

test("where streams are refused it polls, more and more seldom, and tries the stream again", async () => {
  const server = hub();
  server.refusals.events = Array.from({ length: 3 }, () => new Refusal(503, "no_stream"));
  const { talk } = visitor(server);
  await talk.start();
  talk.send("hello", []);
  await settle(10_000);
  expect(talk.state.link).toBe("polling");
  const early = server.calls.filter((name) => name === "page").length;
  expect(early).toBeGreaterThanOrEqual(2);
  await settle(50_000);
  expect(server.calls.filter((name) => name === "page").length - early).toBeLessThan(8);
  await settle(120_000);
  expect(talk.state.link).toBe("live");
});

test("a hidden page holds no stream", async () => {
  const server = hub();
  const { talk } = visitor(server);
  await talk.start();
  talk.send("hello", []);
  await settle();
  talk.setVisible(false);
  const before = server.calls.length;
  await settle(300_000);
  expect(server.calls).toHaveLength(before);
  talk.setVisible(true);
  await settle();
  expect(talk.state.link).toBe("live");
});

test("only the first answer of a machine carries the disclosure", async () => {
  const server = hub({ disclosure: "I am a machine." });
  for (const id of ["m1", "m2"]) {
    server.messages.push(readMessage({ id, from: "machine", at: new Date().toISOString(), text: id }));
  }
  const { talk } = visitor(server, { token: "t", visitor_id: "v", waiting: [], draft: "" });
  await talk.start();
  await settle();
  expect(entries(talk.state, english).map(({ disclosure }) => disclosure)).toEqual(["I am a machine.", null]);
});
