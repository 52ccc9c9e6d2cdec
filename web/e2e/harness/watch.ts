/** Every test fails when a page complains: an uncaught error, an error in the console, a breach of the content policy. */
import type { BrowserContext } from "@playwright/test";

export interface Watch {
  complaints: string[];
  /** Complaints that the test provokes on purpose. */
  expectComplaint: (pattern: RegExp) => void;
}

/** The browser's own note about an answer ≥ 400 or none at all; what the page makes of it is what tests look at. */
const OF_THE_NETWORK = /^Failed to load resource:|net::ERR_|^An unknown error occurred when fetching the script\.$/;

export function watch(context: BrowserContext): Watch {
  const complaints: string[] = [];
  const expected: RegExp[] = [OF_THE_NETWORK];
  const complain = (text: string) => {
    if (!expected.some((pattern) => pattern.test(text))) complaints.push(text);
  };
  context.on("console", (message) => {
    if (message.type() === "error") complain(message.text());
  });
  context.on("weberror", (error) => complain(error.error().stack ?? error.error().message));
  return { complaints, expectComplaint: (pattern) => expected.push(pattern) };
}

/** Runs in the page before anything else: a breach of the policy is told even where Chromium's console does not. */
export function tellPolicyBreaches(): void {
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
    console.error(`content policy: ${violatedDirective} forbids ${blockedURI}`);
  });
}
