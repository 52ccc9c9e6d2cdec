/** Refusals that are about one field, though the server names none. */
import { ProblemError } from "@/lib/problems";

/** The same problem, told at this field when it has this code. */
export function atField(error: unknown, code: string, field: string): unknown {
  if (!(error instanceof ProblemError) || error.code !== code) return error;
  return new ProblemError({ ...error.problem, errors: [{ field, message: error.problem.detail }] });
}
