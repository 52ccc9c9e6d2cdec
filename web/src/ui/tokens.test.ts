import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { AVATAR_COLOURS } from "./avatar-rules";

type Theme = "light" | "dark";
const THEMES: Theme[] = ["light", "dark"];
const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");

/** Every `--c-name: light-dark(#light, #dark)` of the file. */
const tokens = new Map(
  [...css.matchAll(/--c-([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name, light, dark]) => [
    name ?? "",
    { light: light ?? "", dark: dark ?? "" },
  ]),
);

function colour(name: string, theme: Theme): string {
  const token = tokens.get(name);
  if (!token) throw new Error(`tokens.css has no colour --c-${name}`);
  return token[theme];
}

/** WCAG 2.2: relative luminance. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string, theme: Theme): number {
  const [high = 0, low = 0] = [one, other].map((name) => luminance(colour(name, theme))).toSorted((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

const GROUNDS = ["canvas", "surface", "raised", "sunken", "hover", "selected"];
const pairs = (names: string[], grounds: string[]) =>
  names.flatMap((name) => grounds.map((ground) => [name, ground] as const));

const TEXT = [
  ...pairs(["text", "muted"], GROUNDS),
  ...pairs(["accent-text", "danger-text", "warn-text", "ok-text", "info-text"], GROUNDS),
  ...pairs(["hot-text", "warm-text", "cold-text"], GROUNDS),
  ...pairs(["facebook", "instagram", "x", "linkedin", "webchat"], ["surface", "raised", "hover", "selected"]),
  ...["danger", "warn", "ok", "info"].flatMap((tone) => pairs([`${tone}-text`, "text"], [`${tone}-soft`])),
  ...pairs(["on-accent"], ["accent", "accent-hover"]),
  ...pairs(["on-danger"], ["danger", "danger-hover"]),
  ...pairs(
    ["on-avatar"],
    Array.from({ length: AVATAR_COLOURS }, (_, index) => `avatar-${index}`),
  ),
];

const EDGES = [
  ...pairs(["control", "focus"], ["canvas", "surface", "raised"]),
  ...pairs(["focus"], ["sunken", "hover", "selected"]),
  ...pairs(["accent", "danger", "danger-text"], ["canvas", "surface", "raised"]),
];

describe.each(THEMES)("the %s theme", (theme) => {
  it.each(TEXT)("%s can be read on %s", (text, ground) => {
    expect(contrast(text, ground, theme)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(EDGES)("%s can be seen on %s", (edge, ground) => {
    expect(contrast(edge, ground, theme)).toBeGreaterThanOrEqual(3);
  });
});

it("each colour has a value for both themes, or is one that is laid over others", () => {
  const declared = [...css.matchAll(/^\s*--c-([\w-]+):/gm)].map(([, name]) => name ?? "");
  expect(declared.filter((name) => !tokens.has(name))).toEqual(["scrim"]);
});

it("each colour that Tailwind is told of exists", () => {
  const used = [...css.matchAll(/var\(--c-([\w-]+)\)/g)].map(([, name]) => name ?? "");
  expect(used.filter((name) => name !== "scrim" && !tokens.has(name))).toEqual([]);
});
