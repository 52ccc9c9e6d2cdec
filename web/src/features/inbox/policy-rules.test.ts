import { expect, it } from "vitest";

import type { Schemas } from "@/lib/api";

import { standing } from "./policy-rules";

type Policy = Schemas["ConversationPolicy"];

const POLICY: Policy = {
  at: "2026-11-21T12:00:00Z",
  rules: {
    platform: "facebook",
    surface: "message",
    unit: "characters",
    default_limit: 500,
    hard_limit: 2000,
    media: ["image", "video"],
    most_attachments: 1,
    largest_attachment_bytes: 26_214_400,
    text_with_media: false,
    most_quick_replies: 13,
    needs_invitation: false,
    is_draft_only: false,
  },
  verdict: { rules_version: 1, text_limit: 10, needs_human_agent_tag: false },
};

const refused = (code: Schemas["ChannelRefusalCode"]): Policy => ({
  ...POLICY,
  verdict: { ...POLICY.verdict, refused: { code, sentence: "The reason." } },
});

it("lets pass what the channel takes", () => {
  expect(standing(POLICY, "hello")).toEqual({
    count: { length: 5, limit: 10, isOver: false, isNear: false },
    isDraftOnly: false,
  });
});

it("says what is wrong with what is written", () => {
  expect(standing(POLICY, "hello, world").wrong).toBe("Shorten it by 2.");
});

it("blocks the field only for what no other text would mend", () => {
  expect(standing(refused("window_closed"), "hello").blocked).toBe("The reason.");
  expect(standing(refused("not_invited"), "hello").blocked).toBe("The reason.");
  expect(standing(refused("too_long"), "hello").blocked).toBeUndefined();
});

it("lets a draft be written where people send by hand", () => {
  const { blocked, isDraftOnly } = standing(refused("draft_only"), "hello");
  expect({ blocked, isDraftOnly }).toEqual({ blocked: undefined, isDraftOnly: true });
});
