import { expect, it } from "vitest";

import { wordToType } from "./typed-name";

const email = "ann@acme.test";

it.each(["Ann Archer", "José O’Neil-Núñez", "שרה כהן", "李雷"])("%s is typed as it is", (name) => {
  expect(wordToType({ name, email })).toBe(name);
});

it.each(["Ann  Archer", "🦊 Fox", "\u202eAnn", "<b>Ann</b>", "x".repeat(200), "  "])(
  "instead of %j the address is typed",
  (name) => {
    expect(wordToType({ name, email })).toBe(email);
  },
);
