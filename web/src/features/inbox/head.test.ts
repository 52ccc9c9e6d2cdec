import { expect, it } from "vitest";

import { withHead } from "./head";
import { aConversation } from "./samples";

const at = (id: string, minute: number) =>
  aConversation({ id, last_activity_at: `2026-11-21T12:${String(minute).padStart(2, "0")}:00Z` });
const ids = (rows: { id: string }[]) => rows.map(({ id }) => id).join("");

it("brings what has news to the front, once", () => {
  const known = [at("a", 50), at("b", 40), at("c", 30), at("d", 20)];
  expect(ids(withHead(known, [at("c", 55), at("a", 50)], false, false))).toBe("cabd");
});

it("drops what has left the part that was read again", () => {
  const known = [at("a", 50), at("b", 40), at("c", 30)];
  expect(ids(withHead(known, [at("a", 50), at("c", 30)], false, false))).toBe("ac");
});

it("replaces everything when the page is all there is", () => {
  expect(ids(withHead([at("a", 50), at("b", 10)], [at("a", 50)], true, false))).toBe("a");
  expect(withHead([at("a", 50)], [], false, false)).toEqual([]);
});

it("orders rows of the same moment by their ids, as the server does", () => {
  expect(ids(withHead([at("c", 50), at("b", 50), at("a", 50)], [at("c", 50), at("b", 50)], false, false))).toBe("cba");
});

it("goes by the wait where that is the order: who waits the longest is first", () => {
  const waits = (id: string, minute: number) =>
    aConversation({ id, awaiting_since: `2026-11-21T12:${String(minute).padStart(2, "0")}:00Z` });
  const known = [waits("a", 10), waits("b", 20), waits("c", 30), waits("d", 30)];
  // The first was answered; what lies behind the part that was read stays.
  expect(ids(withHead(known, [waits("b", 20), waits("c", 30)], false, true))).toBe("bcd");
});
