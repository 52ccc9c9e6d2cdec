import { expect, it } from "vitest";

import { visiblePart } from "./visible-part";

const key = "sk_01m7zcjxbaekz9ha2rmykjgxf6_01m7zdsdkqe4gbqhkdjqng63qt_S3DFmziWb8kqaOIv7gc0YPrJTJA6G_k6MEsi4BOvjXo";

it("keeps of a pasted key only what the list shows of it", () => {
  expect(visiblePart(key)).toBe("jqng63qt");
  expect(visiblePart(` ${key}\n`)).toBe("jqng63qt");
  expect(visiblePart(key.slice(0, 56))).toBe("jqng63qt");
});

it.each(["", "jqng", "sk_…jqng63qt", "sk_01m7", "sk_01m7zcjxbaekz9ha2rmykjgxf6_01m7"])("leaves %j as it is", (text) => {
  expect(visiblePart(text)).toBe(text);
});
