/** Sends the bytes of a file and tells how far it is, which `fetch` cannot. Refused tokens are renewed as in api.ts. */
import { hold } from "./connection";
import type { IdempotencyHeader } from "./idempotency";
import { ProblemError, Unreachable } from "./problems";
import { accessToken, dropToken, TOKEN_PROBLEMS } from "./session";

interface Upload {
  path: string;
  file: Blob;
  /** Sent again under the same key it is kept once. */
  header: IdempotencyHeader;
  signal: AbortSignal;
  /** From 0 to 1. */
  onProgress: (share: number) => void;
}

interface Answer {
  isOk: boolean;
  body: unknown;
}

/** The answer's JSON. */
export async function upload(what: Upload): Promise<unknown> {
  await hold(what.signal);
  const token = await accessToken();
  let answer = await post(what, token);
  if (TOKEN_PROBLEMS.includes(codeIn(answer))) {
    dropToken(token);
    answer = await post(what, await accessToken());
  }
  if (answer.isOk) return answer.body;
  // Whatever stands between us and the server may refuse a large body in words of its own.
  throw codeIn(answer) ? new ProblemError(answer.body as ProblemError["problem"]) : new Unreachable();
}

function codeIn({ isOk, body }: Answer): string {
  return !isOk && typeof body === "object" && body !== null && "code" in body ? String(body.code) : "";
}

function post({ path, file, header, signal, onProgress }: Upload, token: string): Promise<Answer> {
  return new Promise((give, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1${path}`);
    request.responseType = "json";
    request.setRequestHeader("authorization", `Bearer ${token}`);
    request.setRequestHeader("content-type", "application/octet-stream");
    for (const [name, value] of Object.entries(header)) request.setRequestHeader(name, value as string);
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0));
    request.addEventListener("load", () =>
      give({ isOk: request.status >= 200 && request.status < 300, body: request.response as unknown }),
    );
    request.addEventListener("error", () => fail(new Unreachable()));
    request.addEventListener("abort", () => fail(signal.reason as Error));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    if (signal.aborted) return fail(signal.reason as Error);
    return request.send(file);
  });
}
