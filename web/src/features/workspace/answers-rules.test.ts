import { expect, it } from "vitest";

import { checkMinutes, minutesText } from "./answers-rules";

it("takes whole minutes up to a week", () => {
  for (const text of ["1", "60", " 10080 "]) expect(checkMinutes(text)).toBe(true);
  for (const text of ["", "0", "10081", "1.5", "-1", "1e1", "soon"]) expect(checkMinutes(text)).toMatch(/1 to 10080/);
});

it("tells one and many", () => {
  expect(minutesText(1)).toBe("1 minute");
  expect(minutesText(90)).toBe("90 minutes");
});
