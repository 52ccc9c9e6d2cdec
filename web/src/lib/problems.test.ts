import { expect, it } from "vitest";

import { describe as inWords, hasCode, ProblemError, Unreachable } from "./problems";

const problem = new ProblemError({
  type: "about:blank",
  title: "Some values are not acceptable",
  status: 422,
  code: "invalid",
  detail: "One field is wrong.",
  advice: "Correct the fields listed under `errors`.",
  request_id: "req_1",
  errors: [{ field: "name", message: "is empty" }],
});

it("gives a problem document's sentences, fields and request id", () => {
  expect(inWords(problem)).toMatchObject({
    code: "invalid",
    detail: "One field is wrong.",
    requestId: "req_1",
    fields: [{ field: "name", message: "is empty" }],
  });
});

it("says that nothing typed is lost when there was no answer", () => {
  const words = inWords(new Unreachable());
  expect(words.detail).toContain("still here");
  expect(words.requestId).toBeUndefined();
});

it("has a sentence for whatever else was thrown", () => {
  expect(inWords(new TypeError("x is undefined")).detail).toBe("x is undefined");
  expect(inWords("boom").detail).not.toBe("");
});

it("knows a problem by its code only", () => {
  expect(hasCode(problem, "forbidden", "invalid")).toBe(true);
  expect(hasCode(new Error("invalid"), "invalid")).toBe(false);
});
