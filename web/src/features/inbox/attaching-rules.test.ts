import { expect, test } from "vitest";

import { acceptOf, holdsBack, limitsText, takesNone, wrongWith, type Attached } from "./attaching-rules";
import type { Policy } from "./queries";

type Rules = Policy["rules"];

const FACEBOOK: Rules = {
  platform: "facebook",
  surface: "message",
  unit: "characters",
  default_limit: 500,
  hard_limit: 2000,
  media: ["image", "audio", "video", "file"],
  most_attachments: 2,
  largest_attachment_bytes: 25 * 1_048_576,
  text_with_media: false,
  most_quick_replies: 13,
  needs_invitation: false,
  is_draft_only: false,
};
const INSTAGRAM: Rules = { ...FACEBOOK, platform: "instagram", media: ["image", "video"] };
const NONE: Partial<Rules> = { media: [], most_attachments: 0, largest_attachment_bytes: 0 };

const aFile = (changes: Partial<Attached> = {}): Attached => ({
  key: "file 1",
  conversation: "conv_1",
  name: "tent.png",
  size: 1000,
  type: "image/png",
  share: 0,
  ...changes,
});
const attachment = {
  id: "att_1",
  kind: "file",
  state: "stored",
  created_at: "2026-11-21T12:00:00Z",
} as const;

test("a_channel_without_files_says_so_in_its_own_name", () => {
  expect(takesNone(FACEBOOK)).toBeUndefined();
  expect(takesNone({ ...FACEBOOK, ...NONE, surface: "comment" })).toBe("Facebook comments take no files.");
  expect(takesNone({ ...FACEBOOK, ...NONE, platform: "x" })).toBe("X takes no files from here.");
});

test("what_may_be_attached_is_told_before_it_is_chosen", () => {
  expect(limitsText(FACEBOOK)).toBe(
    "Takes pictures, sound, video and documents: at most 2, each up to 25 MB. Text and files go out as messages of their own.",
  );
  expect(limitsText({ ...INSTAGRAM, most_attachments: 1, text_with_media: true })).toBe(
    "Takes pictures and video: one at a time, each up to 25 MB.",
  );
  expect(acceptOf(INSTAGRAM)).toBe("image/*,video/*");
  expect(acceptOf(FACEBOOK)).toBe("");
});

test("a_file_is_refused_for_its_kind_its_size_its_place_and_its_emptiness", () => {
  expect(wrongWith(aFile(), 0, FACEBOOK)).toBeUndefined();
  expect(wrongWith(aFile({ type: "application/pdf" }), 0, INSTAGRAM)).toBe("Instagram takes pictures and video only.");
  expect(wrongWith(aFile({ size: 26 * 1_048_576 }), 0, FACEBOOK)).toBe("It has 27.3 MB; 25 MB are allowed.");
  expect(wrongWith(aFile({ size: 0 }), 0, FACEBOOK)).toBe("The file is empty.");
  expect(wrongWith(aFile(), 2, FACEBOOK)).toBe("At most 2 at once: send it with the next answer.");
  expect(wrongWith(aFile(), 0, { ...FACEBOOK, ...NONE })).toBe("Facebook takes no files from here.");
});

test("what_the_server_found_counts_more_than_what_the_browser_believes", () => {
  expect(wrongWith(aFile({ attachment }), 0, INSTAGRAM)).toBe("Instagram takes pictures and video only.");
});

test("an_answer_waits_for_its_files_and_does_not_go_with_bad_ones", () => {
  const ready = aFile({ share: 1, attachment: { ...attachment, kind: "image" } });
  expect(holdsBack([], FACEBOOK)).toBeUndefined();
  expect(holdsBack([ready], FACEBOOK)).toBeUndefined();
  expect(holdsBack([ready, aFile()], FACEBOOK)).toBe("The files are still on their way here.");
  expect(holdsBack([ready, aFile({ error: new Error("no") })], FACEBOOK)).toBe("Remove the files that cannot be sent.");
  expect(holdsBack([ready, ready, ready], FACEBOOK)).toBe("Remove the files that cannot be sent.");
});
