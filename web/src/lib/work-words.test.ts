import { describe, expect, it } from "vitest";

import { effectOf, jobOf, lastsOf, queueOf, reasonOf } from "./work-words";

describe("work in words", () => {
  it("is named, and what nobody wrote a word for says its own", () => {
    expect(jobOf("webhooks.deliver")).toBe("Deliver a webhook");
    expect(jobOf("crm.write_lead")).toBe("Crm: write lead");
    expect(jobOf("constructor")).toBe("Constructor");
    expect(effectOf("webhook.delivery")).toBe("Webhook delivery");
    expect(queueOf("ai")).toBe("AI");
    expect(reasonOf("gave_up")).toBe("Failed every time");
    expect(reasonOf("no_such_lead")).toBe("No such lead");
  });

  it("lasts so long, in the largest unit that fits", () => {
    expect([0.4, 59, 60, 7200, 200_000].map(lastsOf)).toEqual([
      "0 seconds",
      "59 seconds",
      "1 minute",
      "2 hours",
      "2 days",
    ]);
  });
});
