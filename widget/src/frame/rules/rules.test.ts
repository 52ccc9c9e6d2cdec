import { expect, test } from "vitest";

import { retryAfter } from "./api.ts";
import { fileProblem } from "./files.ts";
import { keep, type Store } from "./keep.ts";
import { type Message, readConfig, readMessage, readPage } from "./protocol.ts";
import { laterMark, unread, withMessage } from "./timeline.ts";
import { say, speech } from "./words.ts";

const message = (id: string, from: Message["from"] = "agent", at = "2026-11-29T10:00:00Z", text = ""): Message =>
  readMessage({ id, from, at, text });
const ids = (messages: readonly Message[]) => messages.map(({ id }) => id);

test("Retry-After is read as seconds and as a date", () => {
  const now = Date.parse("2026-11-29T10:00:00Z");
  expect(retryAfter("3", now)).toBe(3000);
  expect(retryAfter("Sun, 29 Nov 2026 10:00:05 GMT", now)).toBe(5000);
  expect(retryAfter("Sun, 29 Nov 2026 09:00:00 GMT", now)).toBe(0);
  for (const header of [null, "", "soon"]) expect(retryAfter(header, now)).toBeNull();
});

test("messages stand in the order of their times, each once", () => {
  let list: Message[] = [];
  for (const one of [message("b", "agent", "2026-11-29T10:00:02Z"), message("c", "agent", "2026-11-29T10:00:02Z")]) {
    list = withMessage(list, one);
  }
  list = withMessage(list, message("a", "agent", "2026-11-29T10:00:01Z"));
  list = withMessage(list, message("b", "agent", "2026-11-29T10:00:02Z", "edited"));
  list = withMessage(list, message("z", "agent", "no time"));
  expect(ids(list)).toEqual(["a", "b", "c", "z"]);
  expect(list[1]?.text).toBe("edited");
});

test("unread is what others wrote after the mark, without what was taken back", () => {
  const list = [message("a"), message("b", "visitor"), message("c", "machine"), { ...message("d"), is_unsent: true }];
  expect(unread(list, null)).toBe(2);
  expect(unread(list, "a")).toBe(1);
  expect(unread(list, "c")).toBe(0);
  expect(laterMark(list, "a", "c")).toBe("c");
  expect(laterMark(list, "c", "a")).toBe("c");
  expect(laterMark(list, null, "older than the list")).toBe("older than the list");
});

test("a browser that forbids storage keeps for as long as the page is open", () => {
  const forbidden = keep("wgt_1", () => {
    throw new DOMException("no", "SecurityError");
  });
  expect(forbidden.read()).toBeNull();
  forbidden.write({ token: "t", visitor_id: "v", waiting: [], draft: "d" });
  expect(forbidden.read()).toMatchObject({ token: "t", draft: "d" });
  forbidden.forget();
  expect(forbidden.read()).toBeNull();
});

test("what is kept and cannot be read counts as nothing", () => {
  for (const text of ["", "{", "null", "[]", '{"token":1}', '{"token":""}']) {
    const store: Store = { getItem: () => text, setItem: () => undefined, removeItem: () => undefined };
    expect(keep("wgt_1", () => store).read()).toBeNull();
  }
});

test("a page's language decides, then the browser's, then English", () => {
  expect(speech(["de-AT", "en"], {}).words.send).toBe("Senden");
  expect(speech(["", "xx", "not a tag!", "de"], {}).language).toBe("de");
  expect(speech(["fr"], {})).toMatchObject({ language: "en", direction: "ltr" });
  expect(speech(["en", "en-GB"], {}).locale).toBe("en-GB");
});

test("a company's own words replace ours, also in languages that we have none for", () => {
  const texts = { de: { send: "Ab damit" }, "*": { placeholder: "…" }, he: { send: "שלח" } };
  expect(speech(["de"], texts).words).toMatchObject({ send: "Ab damit", placeholder: "…", close: "Chat schließen" });
  expect(speech(["he-IL"], texts)).toMatchObject({ direction: "rtl", words: { send: "שלח", close: "Close chat" } });
});

test("a value in a sentence is not looked at for places", () => {
  expect(say("{name}: {size}", { name: "{size}$&", size: 1 })).toBe("{size}$&: 1");
});

test("files are judged by size and kind", () => {
  const rule = { allowed: true, max_bytes: 10, types: ["image/*", "application/pdf", ".csv"] };
  const file = (name: string, type: string, size = 1) => ({ name, type, size });
  expect(fileProblem(file("a.png", "image/png"), rule)).toBeNull();
  expect(fileProblem(file("a.CSV", ""), rule)).toBeNull();
  expect(fileProblem(file("a.pdf", "application/pdf", 11), rule)).toBe("file_too_large");
  expect(fileProblem(file("a.html", "text/html"), rule)).toBe("file_type");
  expect(fileProblem(file("a.png", "imagery/png"), rule)).toBe("file_type");
});

test("an answer of another version is read as far as it goes", () => {
  expect(
    readConfig({ name: "A", theme: { position: "top", mode: 3 }, pre_chat: { fields: [] }, later: true }),
  ).toMatchObject({
    is_online: true,
    pre_chat: null,
    theme: { position: "right", mode: "auto", radius: 12 },
    attachments: { allowed: false },
  });
  expect(() => readConfig({})).toThrow("no name");
  expect(readPage({}).messages).toEqual([]);
  expect(readMessage({ id: "m", from: "someone", text: { html: "<b>" } })).toMatchObject({ from: "agent", text: "" });
});
