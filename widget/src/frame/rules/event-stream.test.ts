import { expect, test } from "vitest";

import { parser } from "./event-stream.ts";

const STREAM =
  ': here\n\nid: 7\nevent: message\ndata: {"a":\ndata: 1}\n\ndata:x\r\n\r\nid: 8\n\nevent: typing\ndata: {}\r\rrest';
const EVENTS = [
  { kind: "message", data: '{"a":\n1}', id: "7" },
  { kind: "message", data: "x", id: null },
  { kind: "typing", data: "{}", id: null },
];

test("events are read, comments and what holds no data are not", () => {
  expect(parser()(STREAM)).toEqual(EVENTS);
});

test("wherever the stream is cut, the events are the same", () => {
  for (let cut = 0; cut <= STREAM.length; cut += 1) {
    const parse = parser();
    expect([...parse(STREAM.slice(0, cut)), ...parse(STREAM.slice(cut))]).toEqual(EVENTS);
  }
  const parse = parser();
  expect(Array.from(STREAM).flatMap((character) => parse(character))).toEqual(EVENTS);
});
