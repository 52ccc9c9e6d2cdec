/** What went wrong, in words that can be shown: from a problem document, or from no answer at all. */
import { ProblemError, type Problem } from "@socialai/api-client";

export { ProblemError };

/** The server gave no answer: no network, no server, or the answer was cut off. What happened to a change is not known. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

export interface Description {
  code: string;
  title: string;
  /** What is wrong. */
  detail: string;
  /** What to do. */
  advice: string;
  status?: number;
  requestId?: string;
  fields: { field: string; message: string }[];
}

export function describe(error: unknown): Description {
  if (error instanceof ProblemError) return ofProblem(error.problem);
  if (error instanceof Unreachable) {
    return {
      code: "unreachable",
      title: "The server cannot be reached",
      detail: "There was no answer. What you typed is still here.",
      advice: "Check your connection and try again.",
      fields: [],
    };
  }
  return {
    code: "page_fault",
    title: "This page made a mistake",
    detail: error instanceof Error ? error.message : "Something unexpected happened.",
    advice: "Reload the page. If it happens again, tell the operator what you did.",
    fields: [],
  };
}

function ofProblem(problem: Problem): Description {
  return {
    code: problem.code,
    title: problem.title,
    // Many problems have nothing to say but their title; saying it twice helps nobody.
    detail: problem.detail === problem.title ? "" : problem.detail,
    advice: problem.advice ?? "",
    status: problem.status,
    ...(problem.request_id && { requestId: problem.request_id }),
    fields: problem.errors ?? [],
  };
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof ProblemError && codes.includes(error.code);
}
