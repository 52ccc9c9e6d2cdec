/** Refusals: every one is a problem document (RFC 9457) with a stable `code`. */
import type { components } from "./schema.gen.js";

export type Problem = components["schemas"]["ProblemDocument"];

export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }

  /** The stable code to decide by; sentences may change. */
  get code(): Problem["code"] {
    return this.problem.code;
  }

  /** What is wrong with one field of the form that was sent. */
  fieldMessage(field: string): string | undefined {
    return this.problem.errors?.find((error) => error.field === field)?.message;
  }
}

/** Answers of something in between (a proxy's error page) get the form of a problem too. */
export function toProblem(body: unknown, response: Response): Problem {
  if (isProblem(body)) return body;
  return {
    type: "about:blank",
    title: response.statusText || "Unexpected answer",
    status: response.status,
    code: "no_problem_document",
    detail: `The server answered with status ${response.status} and no explanation.`,
    advice: "Try again shortly; if it stays, ask the operator.",
    request_id: response.headers.get("x-request-id") ?? "",
  };
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "code" in body && "status" in body && "detail" in body;
}
