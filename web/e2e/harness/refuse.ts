/** A server that refuses, as a problem document, until it is mended. */
import type { Page } from "@playwright/test";

/** What the program says when something breaks on its side. */
export const FAULT = {
  type: "/docs/problems#internal",
  title: "Something went wrong on our side",
  status: 500,
  code: "internal",
  detail: "It was noted.",
  advice: "Try again; if it stays, give the request id to the operator.",
  request_id: "req_of_the_failure",
};

export async function refuse(
  page: Page,
  pattern: RegExp,
  problem: { status: number } = FAULT,
): Promise<() => Promise<void>> {
  await page.route(pattern, (route) =>
    route.fulfill({ status: problem.status, contentType: "application/problem+json", json: problem }),
  );
  return () => page.unroute(pattern);
}
