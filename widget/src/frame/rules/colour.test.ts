import { expect, test } from "vitest";

import { contrast, DEFAULT_ACCENT, on, palette, parse, readable, type Rgb, TEXT_CONTRAST } from "./colour.ts";

const ACCENTS: Rgb[] = [];
for (let red = 0; red <= 255; red += 51) {
  for (let green = 0; green <= 255; green += 51) {
    for (let blue = 0; blue <= 255; blue += 51) ACCENTS.push([red, green, blue]);
  }
}

test("contrast is that of WCAG", () => {
  expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21, 5);
  expect(contrast([119, 119, 119], [255, 255, 255])).toBeCloseTo(4.48, 2);
  expect(contrast([10, 20, 30], [10, 20, 30])).toBe(1);
});

test("text on any accent, and any accent as text, can be read", () => {
  for (const accent of ACCENTS) {
    expect(contrast(accent, on(accent))).toBeGreaterThanOrEqual(TEXT_CONTRAST);
    expect(contrast(readable(accent, "light"), [255, 255, 255])).toBeGreaterThanOrEqual(TEXT_CONTRAST);
    expect(contrast(readable(accent, "dark"), [24, 24, 30])).toBeGreaterThanOrEqual(TEXT_CONTRAST);
  }
});

test("an accent that can be read stays as it is", () => {
  expect(palette("#0B6E99", "light")).toEqual({ accent: "#0b6e99", on_accent: "#ffffff", accent_text: "#0b6e99" });
  expect(palette("#fd0", "light")).toMatchObject({ accent: "#ffdd00", on_accent: "#000000" });
});

test("what is no colour becomes our own", () => {
  for (const text of ["", "red", "#12345", "#gggggg", "url(x)", "#fff;color:red"]) {
    expect(parse(text)).toBeNull();
    expect(palette(text, "light").accent).toBe(DEFAULT_ACCENT);
  }
});
