import { describe, expect, it } from "vitest";

import { spanOf, wordsOf, worrying } from "./gaps";

const NOW = new Date(2026, 10, 29, 15, 0);
const at = (day: number, hour: number, minute: number) => new Date(2026, 10, day, hour, minute).toISOString();

const gap = (state: "open" | "closed" | "lost", recovered = 0) => ({
  id: "gap_1",
  account_id: "chan_1",
  from_at: at(29, 10, 2),
  until_at: state === "open" ? null : at(29, 11, 40),
  reason: "The token had ended.",
  state,
  recovered,
  opened_at: at(29, 10, 5),
});

describe("a gap", () => {
  it("of today is told by its times alone", () => {
    const span = spanOf(gap("lost"), NOW);
    expect(span).toMatch(/10:02.*–.*11:40/);
    expect(span).not.toMatch(/29/);
  });

  it("of another day has its day, once", () => {
    const span = spanOf({ from_at: at(27, 10, 2), until_at: at(27, 11, 40) }, NOW);
    expect(span.match(/27/g)).toHaveLength(1);
  });

  it("over midnight has both days", () => {
    expect(spanOf({ from_at: at(27, 23, 0), until_at: at(28, 1, 0) }, NOW)).toMatch(/27.*–.*28/);
  });

  it("that is open says so, and what will be done", () => {
    expect(wordsOf(gap("open"), NOW)).toMatch(/^Messages may be missing since .*10:02.*They are fetched/);
  });

  it("that was lost promises nothing", () => {
    expect(wordsOf(gap("lost", 1), NOW)).toMatch(/cannot give them back; 1 message was fetched/);
    expect(wordsOf(gap("lost"), NOW)).toMatch(/cannot give them back\.$/);
  });

  it("that was closed worries nobody", () => {
    expect(wordsOf(gap("closed", 3), NOW)).toMatch(/^Nothing is missing .*3 messages were fetched/);
    expect(worrying([gap("closed"), gap("lost"), gap("open")]).map(({ state }) => state)).toEqual(["lost", "open"]);
  });
});
