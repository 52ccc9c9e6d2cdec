import { describe, expect, it } from "vitest";

import { piecesOf } from "./mail-text";

const OWN = "http://localhost:8080";
const links = (text: string) => piecesOf(text, OWN).flatMap(({ href }) => href ?? []);

describe("links in a mail", () => {
  it("are those of this installation, without the sentence's own marks", () => {
    const text = `Hello,\nopen ${OWN}/invitation#token=a_b-c. Or (${OWN}/login)!`;
    expect(links(text)).toEqual([`${OWN}/invitation#token=a_b-c`, `${OWN}/login`]);
    expect(
      piecesOf(text, OWN)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
  });

  it("never lead to another place", () => {
    const hostile = [
      "https://evil.test/",
      "http://localhost:8080@evil.test/",
      "http://me@localhost:8080/",
      "http://localhost:8080.evil.test/",
      "https://localhost:8080/",
      "javascript:alert(1)",
      "data:text/html,x",
      "http://",
    ];
    expect(hostile.flatMap((address) => links(`see ${address} now`))).toEqual([]);
  });

  it("end where markup begins", () => {
    expect(links(`<a href="${OWN}/reset?x=1">`)).toEqual([`${OWN}/reset?x=1`]);
    expect(piecesOf("", OWN)).toEqual([]);
  });
});
