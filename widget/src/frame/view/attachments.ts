/**
 * Pictures and files of a message. They are fetched with the token, not by an address that would carry one, and shown
 * from memory. A file is only ever saved, never opened here: it would run in the hub's own name.
 */
import type { Chat } from "../rules/chat.ts";
import { sizeInWords } from "../rules/files.ts";
import { type Attachment, isPicture } from "../rules/protocol.ts";
import { say, type Speech } from "../rules/words.ts";
import { el } from "./dom.ts";

/** Larger pictures are fetched when they are asked for. */
const PICTURE_BYTES = 5_000_000;

export function attachment(one: Attachment, chat: Chat, speech: Speech): HTMLElement {
  const button = el("button", { type: "button", class: "file" });
  const size = sizeInWords(one.size, speech.locale);
  button.setAttribute("aria-label", say(speech.words.download, { name: one.name, size }));
  button.append(el("bdi", {}, one.name), el("span", { class: "size" }, size));
  button.addEventListener("click", () => void save(one, chat, button, speech));
  const box = el("div", { class: "attachment" }, button);
  if (isPicture(one.type) && one.size <= PICTURE_BYTES) void showPicture(one, chat, button);
  return box;
}

/** A file that has not arrived at the hub: its name and its size. */
export const waitingFile = (one: Attachment, speech: Speech): HTMLElement =>
  el(
    "div",
    { class: "file" },
    el("bdi", {}, one.name),
    el("span", { class: "size" }, sizeInWords(one.size, speech.locale)),
  );

async function showPicture(one: Attachment, chat: Chat, button: HTMLElement): Promise<void> {
  try {
    const blob = await chat.download(one.id);
    const address = URL.createObjectURL(new Blob([blob], { type: one.type }));
    const picture = el("img", { alt: one.name, src: address });
    picture.addEventListener("load", () => button.replaceChildren(picture));
    // What says that it is a picture and is none stays a file.
    for (const end of ["load", "error"]) picture.addEventListener(end, () => URL.revokeObjectURL(address));
  } catch {
    // It stays a file that can be fetched.
  }
}

async function save(one: Attachment, chat: Chat, button: HTMLElement, speech: Speech): Promise<void> {
  try {
    const blob = await chat.download(one.id);
    const address = URL.createObjectURL(new Blob([blob], { type: "application/octet-stream" }));
    el("a", { href: address, download: one.name || "file" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  } catch {
    button.parentElement?.append(el("p", { class: "problem", role: "alert" }, speech.words.download_failed));
  }
}
