import { describe, expect, it } from "vitest";

import { checkSpans, hoursOf, spansOf, usualWeek, weekOf } from "./hours";

describe("the hours of a day", () => {
  it.each([
    ["", []],
    ["09:00–17:00", [{ from: "09:00", to: "17:00" }]],
    [
      "9-12, 13:30 - 18",
      [
        { from: "09:00", to: "12:00" },
        { from: "13:30", to: "18:00" },
      ],
    ],
    ["0:00—24:00", [{ from: "00:00", to: "24:00" }]],
  ])("are read from %j", (text, spans) => expect(spansOf(text)).toEqual(spans));

  it.each([
    "17:00–09:00",
    "9",
    "9–",
    "nine–five",
    "09:00–25:00",
    "09:60–10:00",
    "9–12–15",
    "9–12, 11–15",
    "24:30–25:00",
  ])("are refused in %j", (text) => {
    expect(spansOf(text)).toBeUndefined();
    expect(checkSpans(text)).toMatch(/09:00/);
  });
});

describe("the hours of a week", () => {
  it("come back as they were", () => {
    const hours = hoursOf("Europe/Vienna", { ...usualWeek(), friday: "9–12, 13–15" });
    expect(hours.open).toHaveLength(6);
    expect(hoursOf(hours.time_zone, weekOf(hours))).toEqual(hours);
    expect(weekOf(hours).sunday).toBe("");
  });
});
