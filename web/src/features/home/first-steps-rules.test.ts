import { describe, expect, it } from "vitest";

import { stepsOf } from "./first-steps-rules";
import { greetingAt } from "./greeting";

describe("first steps", () => {
  it("keep the server's order, and leave out what only a newer server knows", () => {
    const steps = stepsOf([
      { id: "api_key_made", done: true },
      { id: "channel_connected", done: false },
      { id: "constructor", done: false },
      { id: "second_factor", done: false },
    ]);
    expect(steps.map(({ id, done }) => [id, done])).toEqual([
      ["api_key_made", true],
      ["second_factor", false],
    ]);
  });
});

describe("the greeting", () => {
  it("goes by the reader's clock", () => {
    const at = (hour: number) => greetingAt(new Date(2026, 10, 21, hour, 59));
    expect([at(4), at(5), at(11), at(12), at(17), at(18), at(0)]).toEqual([
      "Good evening",
      "Good morning",
      "Good morning",
      "Good afternoon",
      "Good afternoon",
      "Good evening",
      "Good evening",
    ]);
  });
});
