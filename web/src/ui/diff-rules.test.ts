import { describe, expect, it } from "vitest";
import { difference } from "./diff-rules";

describe("difference", () => {
  it("names what was added, removed and changed", () => {
    const changes = difference({ name: "Ada", old: "x", role: "agent" }, { name: "Ada", role: "admin", fresh: 1 });
    expect(changes).toEqual([
      { path: "fresh", kind: "added", before: [], after: ["1"] },
      { path: "old", kind: "removed", before: ["x"], after: [] },
      { path: "role", kind: "changed", before: ["agent"], after: ["admin"] },
    ]);
  });

  it("finds nothing in equal values, whatever the order of their fields", () => {
    expect(difference({ a: 1, b: { c: [1, 2] } }, { b: { c: [2, 1] }, a: 1 })).toEqual([]);
  });

  it("opens nested objects to paths", () => {
    expect(difference({ policy: { mfa: false } }, { policy: { mfa: true } })).toEqual([
      { path: "policy.mfa", kind: "changed", before: ["no"], after: ["yes"] },
    ]);
  });

  it("shows of a list only what came and went", () => {
    expect(difference({ scopes: ["a", "b"] }, { scopes: ["b", "c"] })).toEqual([
      { path: "scopes", kind: "changed", before: ["a"], after: ["c"] },
    ]);
  });

  it("counts repeated entries of a list", () => {
    expect(difference(["a", "a"], ["a"])).toEqual([{ path: "", kind: "removed", before: ["a"], after: [] }]);
  });

  it("tells a number from its text", () => {
    expect(difference({ port: 1 }, { port: "1" })).toEqual([
      { path: "port", kind: "changed", before: ["1"], after: ["1"] },
    ]);
  });

  it("shows an empty text as such", () => {
    expect(difference({ note: "x" }, { note: "" })).toEqual([
      { path: "note", kind: "changed", before: ["x"], after: ["(empty)"] },
    ]);
  });

  it("takes absent and null for the same", () => {
    expect(difference({ note: null }, {})).toEqual([]);
  });

  it("shows everything of what was created, and of what was removed", () => {
    expect(difference(null, { name: "Ada" })).toEqual([{ path: "name", kind: "added", before: [], after: ["Ada"] }]);
    expect(difference({ name: "Ada" }, undefined)).toEqual([
      { path: "name", kind: "removed", before: ["Ada"], after: [] },
    ]);
  });

  it("shows a field that became an object", () => {
    expect(difference({ host: "a" }, { host: { name: "a" } })).toEqual([
      { path: "host", kind: "removed", before: ["a"], after: [] },
      { path: "host.name", kind: "added", before: [], after: ["a"] },
    ]);
  });

  it("writes an object inside a list as one line", () => {
    expect(difference({ hosts: [] }, { hosts: [{ port: 1, name: "a" }] })).toEqual([
      { path: "hosts", kind: "added", before: [], after: ["name: a, port: 1"] },
    ]);
  });

  it("compares plain values", () => {
    expect(difference(1, 2)).toEqual([{ path: "", kind: "changed", before: ["1"], after: ["2"] }]);
  });
});
