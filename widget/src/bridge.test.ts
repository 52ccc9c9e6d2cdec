import { expect, test } from "vitest";

import { fromFrame, fromHost, hostOrigin, MARK, pageAddress } from "./bridge.ts";

const there = {};
const HUB = "https://hub.example.com";
const event = (data: unknown, origin = HUB, source: unknown = there) => ({ data, origin, source }) as MessageEvent;
const from = { origin: HUB, window: there };

test("only the other window, from its exact origin, is heard", () => {
  const close = { mark: MARK, kind: "close" };
  expect(fromFrame(event(close), from)).toEqual({ kind: "close" });
  expect(fromFrame(event(close, "https://hub.example.com.evil.test"), from)).toBeNull();
  expect(fromFrame(event(close, "http://hub.example.com"), from)).toBeNull();
  expect(fromFrame(event(close, "null"), from)).toBeNull();
  expect(fromFrame(event(close, HUB, {}), from)).toBeNull();
  expect(fromFrame(event(close, HUB, null), { origin: HUB, window: null })).toBeNull();
});

test("what is no message of ours is not heard", () => {
  for (const data of [
    null,
    "close",
    1,
    [],
    { kind: "close" },
    { mark: MARK, kind: "run" },
    { mark: "other", kind: "close" },
  ]) {
    expect(fromFrame(event(data), from)).toBeNull();
    expect(fromHost(event(data), from)).toBeNull();
  }
});

test("a look that could carry rules of its own is refused", () => {
  const look = {
    mark: MARK,
    kind: "look",
    accent: "#0b6e99",
    onAccent: "#ffffff",
    radius: 12,
    position: "middle",
    labels: {},
  };
  expect(fromFrame(event(look), from)).toMatchObject({ accent: "#0b6e99", position: "right" });
  expect(fromFrame(event({ ...look, accent: "red;background:url(//evil)" }), from)).toBeNull();
  expect(fromFrame(event({ ...look, radius: "1e9" }), from)).toBeNull();
  expect(fromFrame(event({ ...look, radius: Number.NaN }), from)).toBeNull();
});

test("the page's address comes without query and fragment, and only of the page's own origin", () => {
  expect(pageAddress("https://shop.example/reset?token=1#x", "https://shop.example")).toBe(
    "https://shop.example/reset",
  );
  expect(pageAddress("https://other.example/", "https://shop.example")).toBe("");
  expect(pageAddress("javascript:alert(1)", "https://shop.example")).toBe("");
  const hello = { mark: MARK, kind: "hello", pageUrl: "https://other.example/", language: "de" };
  expect(fromHost(event(hello), from)).toEqual({ kind: "hello", pageUrl: "", language: "de" });
});

test("a host that is no exact origin is nobody", () => {
  expect(hostOrigin("#https%3A%2F%2Fshop.example")).toBe("https://shop.example");
  for (const fragment of [
    "",
    "#*",
    "#null",
    "#https%3A%2F%2Fshop.example%2F",
    "#javascript:1",
    "#%E0%A4%A",
    "#file%3A%2F%2F",
  ]) {
    expect(hostOrigin(fragment)).toBeNull();
  }
});
